import type { PullcastEvent } from "../agent/index.ts";
import { isYes } from "./confirm-host-keys.ts";
import { askerAbout } from "./confirm-places.ts";
import type { Host } from "./host.ts";
import { cleanDeep } from "./render/clean-deep.ts";
import { foldNames } from "./render/fold-names.ts";
import { wrap } from "./render/wrap.ts";
import { renderHeader } from "./reporters/header.ts";

type Plan = Extract<PullcastEvent, { type: "planned" }>;

interface ConfirmContext {
  readonly host: Host;
  readonly signal: AbortSignal;
  /** Whether the plan has not been told yet. */
  readonly quiet: boolean;
  /** Takes the status off the terminal. */
  readonly hold: () => void;
}

/**
 * Asks whether a push should go on; only `y` or `yes` does.
 *
 * @throws {PullcastError} PC638 where there is no terminal to ask on
 */
export function planConfirmer(context: ConfirmContext): (plan: Plan) => Promise<boolean> {
  const { host, signal, quiet, hold } = context;
  return async (raw) => {
    const plan = cleanDeep(raw);
    const count = plan.targets.length;
    const source = plan.credentials?.source ?? "";
    const ask = askerAbout(host, { source, what: "nodes", count });
    hold();
    const names = foldNames(plan.targets.map(({ name }) => name)).join(", ");
    const lines = [...(quiet ? renderHeader(plan) : []), ...wrap(`Nodes ${names}`, 100)];
    for (const line of lines) host.stderr.write(`${line}\n`);
    const answer = await ask(`Push to these ${count} nodes? [y/N] `, signal);
    return isYes(answer);
  };
}
