import pLimit from "p-limit";
import type { ParsedKey } from "ssh2";
import { PullcastError } from "../errors.ts";
import type { AgentList } from "./agent-list.ts";
import { NO_ANSWER, requestAgent } from "./agent-request.ts";
import { parsePublicBlob, sshString, WireReader } from "./public-blob.ts";
import type { Ssh2 } from "./ssh2.ts";

/** The hash of an RSA signature; other keys have but one. */
export type SignatureHash = "sha1" | "sha256" | "sha512";

/** A key that ssh-agent holds. */
export interface AgentKey {
  /** Its public half. */
  readonly key: ParsedKey;
  readonly comment: string;
}

/**
 * Signs with a key of an agent.
 * @returns the signature without its algorithm's name
 * @throws {PullcastError} PC262
 */
export type AgentSign = (
  key: ParsedKey,
  data: Buffer,
  hash: SignatureHash | undefined,
) => Promise<Buffer>;

/** Numbers of the agent protocol (draft-miller-ssh-agent, 5.1 and 5.3). */
const SIGN_REQUEST = Buffer.from([13]);
const SIGN_ANSWER = 14;
const FLAGS = { sha1: 0, sha256: 2, sha512: 4 } as const;

/** The keys of an agent's list that ssh2 1.17 can use: no certificates, no FIDO keys. */
export function agentKeys(ssh2: Ssh2, { held }: AgentList): readonly AgentKey[] {
  return held.flatMap(({ blob, comment }) => {
    const key = parsePublicBlob(ssh2, blob);
    return key === undefined ? [] : [{ key, comment }];
  });
}

/**
 * Makes the signatures of a run, one after another: agents that ask the user would otherwise open a prompt for
 * each node at once. An agent that let one request pass its time is asked no more.
 */
export function createAgentSign(socketPath: string, limitMs: number): AgentSign {
  const oneAtATime = pLimit(1);
  let silence: unknown;
  const ask = async (body: Buffer) => {
    if (silence !== undefined) throw silence;
    try {
      return signatureIn(await requestAgent(socketPath, body, limitMs));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const error = new PullcastError("PC262", { phase: "auth", detail: reason, cause });
      if (reason === NO_ANSWER) silence = error;
      throw error;
    }
  };
  return (key, data, hash) => oneAtATime(() => ask(signRequest(key, data, hash)));
}

function signRequest(key: ParsedKey, data: Buffer, hash: SignatureHash | undefined): Buffer {
  const flags = Buffer.from([0, 0, 0, hash === undefined ? 0 : FLAGS[hash]]);
  return Buffer.concat([SIGN_REQUEST, sshString(key.getPublicSSH()), sshString(data), flags]);
}

function signatureIn(body: Buffer): Buffer {
  if (body[0] !== SIGN_ANSWER) throw new Error("it refuses to sign");
  try {
    const signature = new WireReader(new WireReader(body, 1).string());
    signature.string();
    return signature.string();
  } catch (cause) {
    throw new Error("its answer can't be read", { cause });
  }
}
