import type { ApproveHostKeys, HostKeyOffer } from "../agent/index.ts";
import type { Host } from "./host.ts";
import { cleanDeep } from "./render/clean-deep.ts";
import { renderTable } from "./render/table.ts";

interface ConfirmContext {
  readonly host: Host;
  readonly signal: AbortSignal;
  /** Takes the status off the terminal. */
  readonly hold: () => void;
}

/** Asks once about all unknown host keys; only `y` or `yes` trusts them. `undefined` where there is no terminal to ask on. */
export function hostKeyConfirmer({
  host,
  signal,
  hold,
}: ConfirmContext): ApproveHostKeys | undefined {
  const { ask } = host;
  if (ask === undefined) return undefined;
  return async (raw) => {
    const offers = cleanDeep(raw);
    hold();
    host.stderr.write(describe(offers));
    const keys = offers.length === 1 ? "this key" : `these ${offers.length} keys`;
    const answer = await ask(`Trust ${keys} from now on? [y/N] `, signal);
    return isYes(answer);
  };
}

/** Whether an answer agrees. */
export function isYes(answer: string): boolean {
  return /^y(?:es)?$/i.test(answer.trim());
}

function describe(offers: readonly HostKeyOffer[]): string {
  const hosts =
    offers.length === 1
      ? "The host key of 1 host is"
      : `The host keys of ${offers.length} hosts are`;
  const rows = offers.map(({ node, at, keyType, fingerprint }) => [node, at, keyType, fingerprint]);
  const hint = offers.some(({ node }) => node !== undefined)
    ? "Compare them with the nodes' consoles, or say no and let pullcast trust ask the API server."
    : "Compare them with the hosts' consoles.";
  return `${hosts} not known:\n${renderTable(["NODE", "ADDRESS", "TYPE", "FINGERPRINT"], rows)}${hint}\n`;
}
