import type { BaseAgent, ParsedKey, SignCallback, SigningRequestOptions } from "ssh2";
import type { LoginKey } from "./login-keys.ts";
import type { Ssh2 } from "./ssh2.ts";

/** An agent for ssh2 that knows one key, so that no other is offered in its place, and that may take its time to sign. */
export function singleKeyAgent(ssh2: Ssh2, key: ParsedKey, sign: LoginKey["sign"]): BaseAgent {
  class SingleKeyAgent extends ssh2.BaseAgent<ParsedKey> {
    override getIdentities(done: (error: undefined, keys: ParsedKey[]) => void): void {
      done(undefined, [key]);
    }

    /** A client of ssh2 always gives the options. */
    override sign(_key: ParsedKey, data: Buffer, ...rest: unknown[]): void {
      const [{ hash }, done] = rest as [SigningRequestOptions, SignCallback];
      sign(data, hash).then(
        (signature) => done(undefined, signature),
        (error: Error) => done(error),
      );
    }
  }
  return new SingleKeyAgent() as unknown as BaseAgent;
}
