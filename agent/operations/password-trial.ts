import { PullcastError } from "../errors.ts";
import type { ExecOutcome } from "../model.ts";
import { type Become, isPasswordRefused } from "../node/become.ts";
import type { ExecRequest, Session, Transport } from "../transport/transport.ts";
import { Trial } from "../util/trial.ts";

/**
 * A transport that keeps a wrong password of sudo's from being tried on node after node: the same where there is none.
 * Its sessions' `run` throws PC236 where another node has refused it.
 *
 * @param trial - shared by transports that send the same password
 */
export function withPasswordTrial(
  transport: Transport,
  become: Become | undefined,
  trial: Trial = new Trial(),
): Transport {
  if (become?.password === undefined) return transport;
  return {
    approve: (offer) => transport.approve(offer),
    chosen: (target) => transport.chosen(target),
    close: () => transport.close(),
    open: async (target, signal) => {
      const session = await transport.open(target, signal);
      const run: Session["run"] = (request) =>
        tryOnce(trial, target.name, { request, run: (asked) => session.run(asked) });
      const close: Session["close"] = () => session.close();
      // Not a copy: what a session tells of itself may change while it works.
      return Object.create(session, { run: { value: run }, close: { value: close } }) as Session;
    },
  };
}

async function tryOnce(
  trial: Trial,
  node: string,
  { request, run }: { readonly request: ExecRequest; readonly run: Session["run"] },
): Promise<ExecOutcome> {
  const { admission } = request;
  if (admission === undefined) return await run(request);
  const turn = await trial.turn();
  if (trial.refusedBy !== undefined) {
    throw new PullcastError("PC236", {
      detail: `it was not tried here after ${trial.refusedBy} had refused it`,
      phase: "channel",
    });
  }
  const judge: typeof admission.judge = (said) => {
    const verdict = admission.judge(said);
    if (verdict === "accepted") turn.taken();
    if (verdict === "not-asked") turn.leave();
    return verdict;
  };
  try {
    const outcome = await run({ ...request, admission: { ...admission, judge } });
    // Where it may be given once only, sudo ends at the first.
    if (isPasswordRefused(outcome.stderr)) turn.refused(node);
    return outcome;
  } finally {
    turn.leave();
  }
}
