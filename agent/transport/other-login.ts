import type { ExecOutcome } from "../model.ts";
import { sshError } from "./ssh-error.ts";

/** What cloud images answer to root (cloud-init: `disable_root_opts`). */
const OTHER_LOGIN = /Please login as the user "?([\w.-]{1,32})"? rather than/;

/** @throws {PullcastError} PC229 where an account that is not for logins told so in place of our program */
export function refuseOtherLogin(at: string, outcome: ExecOutcome): void {
  if (outcome.end.type === "exit" && outcome.end.code === 0) return;
  const user = OTHER_LOGIN.exec(outcome.stdout)?.[1];
  if (user === undefined) return;
  // A forced command ran in place of ours.
  throw sshError("PC229", {
    at,
    phase: "channel",
    detail: `it wants ${user}`,
    ...(user === "NONE" ? {} : { fix: `--ssh-user ${user}` }),
  });
}
