import pLimit from "p-limit";
import type { AgentAuthMethod, ParsedKey, SignCallback, SigningRequestOptions } from "ssh2";
import type { Ssh2 } from "./ssh2.ts";

/** A key that ssh-agent holds. */
export interface AgentKey {
  readonly key: ParsedKey;
  readonly publicBlob: Buffer;
  /** An agent for ssh2 that knows this key only, so that no other is offered in its place. */
  readonly agent: AgentAuthMethod["agent"];
}

/** The keys of one ssh-agent. */
export interface AgentKeys {
  readonly keys: readonly AgentKey[];
  /** Why there are none, where the agent could not be asked. */
  readonly problem?: string;
}

/**
 * Asks ssh-agent for its keys, once for all nodes. Signatures are made one after another:
 * agents that ask the user would otherwise open a prompt for each node at once.
 * Never throws; certificates and FIDO keys are not among the keys (ssh2 1.17 can't use them).
 */
export async function askAgent(
  ssh2: Ssh2,
  socketPath: string,
  limitMs: number,
): Promise<AgentKeys> {
  const agent = new ssh2.OpenSSHAgent(socketPath);
  const oneAtATime = pLimit(1);
  const sign = (...[key, data, options, done]: SignArguments) => {
    void oneAtATime(
      () =>
        new Promise<void>((release) => {
          // A silent agent must not keep the others waiting for ever.
          const timer = setTimeout(release, limitMs);
          agent.sign(key, data, options, (error, signature) => {
            clearTimeout(timer);
            release();
            done(error, signature);
          });
        }),
    );
  };
  try {
    const keys = await identities(agent, limitMs);
    return {
      keys: keys.map((key) => ({
        key,
        publicBlob: key.getPublicSSH(),
        agent: singleKeyAgent(ssh2, key, sign),
      })),
    };
  } catch (error) {
    return { keys: [], problem: error instanceof Error ? error.message : String(error) };
  }
}

type SignArguments = [
  key: ParsedKey,
  data: Buffer,
  options: SigningRequestOptions,
  done: SignCallback,
];

function identities(
  agent: InstanceType<Ssh2["OpenSSHAgent"]>,
  limitMs: number,
): Promise<ParsedKey[]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("ssh-agent does not answer")), limitMs);
    agent.getIdentities((error, keys) => {
      clearTimeout(timer);
      if (error) {
        reject(error);
        return;
      }
      resolve((keys ?? []).filter((key): key is ParsedKey => "getPublicSSH" in key));
    });
  });
}

function singleKeyAgent(
  ssh2: Ssh2,
  key: ParsedKey,
  sign: (...args: SignArguments) => void,
): AgentAuthMethod["agent"] {
  class SingleKeyAgent extends ssh2.BaseAgent<ParsedKey> {
    override getIdentities(done: (error: Error | undefined, keys?: ParsedKey[]) => void): void {
      done(undefined, [key]);
    }
    override sign(...args: unknown[]): void {
      const [, data, options, done] = (
        args.length === 3 ? [args[0], args[1], {}, args[2]] : args
      ) as SignArguments;
      sign(key, data, options, done);
    }
  }
  return new SingleKeyAgent() as AgentAuthMethod["agent"];
}
