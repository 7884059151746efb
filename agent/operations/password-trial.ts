import { PullcastError } from "../errors.ts";
import type { ExecOutcome } from "../model.ts";
import { isPasswordRefused } from "../node/become.ts";
import type { ExecRequest, Session, Transport } from "../transport/transport.ts";

/**
 * A transport that keeps a wrong password from being tried on node after node: a directory's accounts are locked
 * after a few. Until one node has taken it, one node at a time is asked; what the first one refuses, no other gets.
 * Its sessions' `run` throws PC236 for those.
 */
export function withPasswordTrial(transport: Transport): Transport {
  const trial = new PasswordTrial();
  return {
    approve: (offer) => transport.approve(offer),
    chosen: (target) => transport.chosen(target),
    close: () => transport.close(),
    open: async (target, signal) => {
      const session = await transport.open(target, signal);
      return {
        ...session,
        run: (request) => trial.run(target.name, request, (asked) => session.run(asked)),
        close: () => session.close(),
      };
    },
  };
}

class PasswordTrial {
  #wasTaken = false;
  #refusedBy: string | undefined;
  /** Ends when the node that is being asked has decided. */
  #underWay: Promise<void> | undefined;

  async run(node: string, request: ExecRequest, run: Session["run"]): Promise<ExecOutcome> {
    const { admission } = request;
    if (admission === undefined) return await run(request);
    while (this.#underWay !== undefined) await this.#underWay;
    if (this.#refusedBy !== undefined) {
      throw new PullcastError("PC236", {
        detail: `it was not tried here after ${this.#refusedBy} had refused it`,
        phase: "channel",
      });
    }
    if (this.#wasTaken) return await run(request);
    let decided = () => {};
    this.#underWay = new Promise((resolve) => {
      decided = () => {
        this.#underWay = undefined;
        resolve();
      };
    });
    const judge: typeof admission.judge = (said) => {
      const verdict = admission.judge(said);
      if (verdict === "accepted") this.#wasTaken = true;
      if (verdict === "accepted" || verdict === "not-asked") decided();
      return verdict;
    };
    try {
      const outcome = await run({ ...request, admission: { ...admission, judge } });
      // Where it may be given once only, sudo ends at the first.
      if (isPasswordRefused(outcome.stderr)) this.#refusedBy = node;
      return outcome;
    } finally {
      decided();
    }
  }
}
