import { PullcastError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import { cleanText } from "../util/clean-text.ts";
import { once } from "../util/once.ts";
import { Trial } from "../util/trial.ts";
import type { HostSettings } from "./host-settings.ts";
import { hostPort } from "./ssh-error.ts";
import type { SshOptions } from "./transport.ts";

/** A password, and whether anybody has taken it yet. */
export interface Password {
  readonly secret: Secret;
  readonly trial: Trial;
}

/** The login passwords of a run: one for all nodes, and one for each jump host, which must not learn that of the nodes. */
export interface Passwords {
  /** @throws {PullcastError} PC264 */
  ofNodes(): Promise<Password>;
  /** @throws {PullcastError} PC264 */
  ofJump(jump: HostSettings): Promise<Password>;
}

/** Makes the passwords of a run, each asked for when it is first needed. */
export function createPasswords({ askSecret }: Pick<SshOptions, "askSecret">): Passwords {
  const passwords = new Map<string, Promise<Password>>();
  const ask = (whose: string) =>
    once(passwords, whose, async () => ({
      secret: await demandSecret(askSecret, whose),
      trial: new Trial(),
    }));
  return {
    ofNodes: () => ask("SSH password of the nodes"),
    ofJump: ({ user, host, port }) => {
      const place = port === 22 ? host : hostPort(host, port);
      return ask(`SSH password of ${cleanText(`${user}@${place}`, 100)}`);
    },
  };
}

/** @throws {PullcastError} PC264 where nobody answers, or nobody can be asked */
async function demandSecret(ask: SshOptions["askSecret"], what: string): Promise<Secret> {
  if (ask === undefined) {
    const detail = `${what}: there is no terminal to ask on`;
    throw new PullcastError("PC264", { phase: "auth", detail });
  }
  const secret = await ask(`${what}: `);
  if (secret !== undefined) return secret;
  throw new PullcastError("PC264", { phase: "auth", detail: `${what}: nothing was typed` });
}
