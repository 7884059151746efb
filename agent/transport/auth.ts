import type { AnyAuthMethod } from "ssh2";
import type { PullcastError } from "../errors.ts";
import type { LoginKeys } from "./login-keys.ts";
import { sshError } from "./ssh-error.ts";

/** Logging in to one node: hands ssh2 one method after another, and knows why none was taken. */
export interface LoginAttempt {
  /** ssh2's `authHandler`; `false` ends the attempt. */
  next(methods: readonly string[] | null, partial: boolean | null): AnyAuthMethod | false;
  /** The method that was offered last: after a login the accepted one. */
  last(): string;
  /** What to say when the login failed. */
  failure(at: string, cause?: unknown): PullcastError;
}

/**
 * Public keys only: passwords and prompts are never answered. The first key is offered at once,
 * which saves a round trip; where the first is the agent's, or there is none, `none` asks for the methods.
 */
export function startLogin(user: string, { keys, notes }: LoginKeys): LoginAttempt {
  const offered: string[] = [];
  let methods: readonly string[] = [];
  let partial = false;
  let index = 0;
  const first = keys[0];
  let askFirst = first === undefined || "agent" in first.via;
  return {
    next(left, wasPartial) {
      if (left !== null) methods = left;
      partial ||= wasPartial === true;
      if (askFirst) {
        askFirst = false;
        return { type: "none", username: user };
      }
      const key = keys[index];
      if (key === undefined || (left !== null && !left.includes("publickey"))) return false;
      index += 1;
      offered.push(key.label);
      return "key" in key.via
        ? { type: "publickey", username: user, key: key.via.key }
        : { type: "agent", username: user, agent: key.via.agent };
    },
    last: () => offered.at(-1) ?? "no method at all",
    failure(at, cause) {
      const accepts = methods.length > 0 ? `; it accepts ${methods.join(", ")}` : "";
      const extra = notes.map((note) => `; ${note}`).join("");
      if (keys.length === 0) {
        return sshError("PC223", {
          at,
          phase: "auth",
          detail: `user ${user}${accepts}${extra}`,
          cause,
        });
      }
      const what = partial
        ? "a key was accepted, but the node wants more"
        : `offered ${offered.join(", ") || "no key"}`;
      return sshError("PC221", {
        at,
        phase: "auth",
        detail: `user ${user}, ${what}${accepts}${extra}`,
        cause,
      });
    },
  };
}
