import net from "node:net";
import { once } from "../util/once.ts";
import { WireReader } from "./public-blob.ts";
import { systemCode } from "./ssh-error.ts";

/** A key that ssh-agent holds, of whatever kind. */
export interface HeldKey {
  /** Public key blob, or a certificate. */
  readonly blob: Buffer;
  readonly comment: string;
}

/** What one ssh-agent holds. */
export interface AgentList {
  readonly held: readonly HeldKey[];
  /** Why nothing is known, where the agent could not be asked. */
  readonly problem?: string;
}

/** Numbers of the agent protocol (draft-miller-ssh-agent, 5.1). */
const REQUEST_IDENTITIES = Buffer.from([0, 0, 0, 1, 11]);
const IDENTITIES_ANSWER = 12;

/** OpenSSH's own limit for a message of its agent (AGENT_MAX_LEN). */
const MAX_BYTES = 256 * 1024;

/** Lists agents by their sockets' paths, each once for a run; without a path there is no agent. */
export type AgentLists = (socketPath: string | undefined) => Promise<AgentList>;

/** Makes the lists of a run: agents that ask the user are asked once. */
export function createAgentLists(limitMs: number): AgentLists {
  const lists = new Map<string, Promise<AgentList>>();
  return async (path) =>
    path === undefined ? { held: [] } : await once(lists, path, () => listAgent(path, limitMs));
}

/** Asks ssh-agent what it holds, certificates and FIDO keys too. Never throws. */
export async function listAgent(socketPath: string, limitMs: number): Promise<AgentList> {
  try {
    return { held: parseList(await ask(socketPath, limitMs)) };
  } catch (error) {
    return { held: [], problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The body of the agent's answer, without its length. */
function ask(socketPath: string, limitMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketPath);
    const end = (error: Error | undefined, body?: Buffer) => {
      clearTimeout(timer);
      socket.destroy();
      if (body === undefined) reject(error);
      else resolve(body);
    };
    const timer = setTimeout(() => end(new Error("it does not answer")), limitMs);
    let bytes: Buffer = Buffer.alloc(0);
    socket
      .on("connect", () => socket.write(REQUEST_IDENTITIES))
      .on("error", (error) => end(new Error(`it can't be reached (${systemCode(error)})`)))
      .on("close", () => end(new Error("it hung up")))
      .on("data", (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        if (bytes.length < 4) return;
        const length = bytes.readUInt32BE(0);
        if (length > MAX_BYTES) end(new Error("its answer is too long"));
        else if (bytes.length >= 4 + length) end(undefined, bytes.subarray(4, 4 + length));
      });
  });
}

function parseList(body: Buffer): HeldKey[] {
  if (body[0] !== IDENTITIES_ANSWER) throw new Error("it refuses to list its keys");
  try {
    const reader = new WireReader(body, 1);
    const count = reader.number();
    const held: HeldKey[] = [];
    // Each key takes 8 bytes or more: a lying count ends with the bytes.
    for (let index = 0; index < count; index += 1) {
      held.push({ blob: reader.string(), comment: reader.string().toString("utf8") });
    }
    return held;
  } catch (cause) {
    throw new Error("its answer can't be read", { cause });
  }
}
