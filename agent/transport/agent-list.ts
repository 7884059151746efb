import { once } from "../util/once.ts";
import { requestAgent } from "./agent-request.ts";
import { WireReader } from "./public-blob.ts";

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
const REQUEST_IDENTITIES = Buffer.from([11]);
const IDENTITIES_ANSWER = 12;

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
    return { held: parseList(await requestAgent(socketPath, REQUEST_IDENTITIES, limitMs)) };
  } catch (error) {
    return { held: [], problem: error instanceof Error ? error.message : String(error) };
  }
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
