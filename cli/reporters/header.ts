import type { PullcastEvent } from "../../agent/index.ts";
import { foldNames } from "../render/fold-names.ts";
import { nameList } from "../render/groups.ts";

/** The run's plan. */
export type Plan = Extract<PullcastEvent, { type: "planned" }>;

/** What will be done to whom, before anything is: the reader's chance to stop. */
export function renderHeader(plan: Plan): string[] {
  const { context, credentials, pool } = plan;
  return [
    ...(pool === undefined ? [] : [`Pool ${pool}`]),
    ...(context === undefined ? [] : [`Context ${context.name} (${context.server})`]),
    ...(credentials === undefined
      ? []
      : [`Credentials ${credentials.source}: ${registries(credentials.entries)}`]),
    nodes(plan),
    ...waves(plan),
    ...skipped(plan),
  ];
}

function registries(entries: readonly string[]): string {
  const shown = entries.slice(0, 8).join(", ");
  return entries.length > 8 ? `${shown} and ${entries.length - 8} more` : shown;
}

function nodes({ targets, addressKinds, operation, concurrency }: Plan): string {
  const count = targets.length === 1 ? "1 node" : `${targets.length} nodes`;
  const kinds = Object.entries(addressKinds);
  const by = kinds.map(([kind, number]) => (kinds.length === 1 ? kind : `${number} by ${kind}`));
  const addresses = by.length === 0 ? "" : `, address ${by.join(", ")}`;
  const parallel = targets.length > concurrency ? `, ${concurrency} at a time` : "";
  return `${VERBS[operation]} ${count}${addresses}${parallel}`;
}

/** Waves beyond these are told by their number. */
const MAX_SIZES = 8;

function waves({ waves: planned }: Plan): string[] {
  if (planned === undefined || planned.sizes.length < 2) return [];
  const { sizes, maxFailures, onFailure } = planned;
  const shown = sizes.slice(0, MAX_SIZES).join(", ");
  const more = sizes.length > MAX_SIZES ? `, … (${sizes.length} waves)` : "";
  const limit = maxFailures === 0 ? "a failure" : `more than ${maxFailures} failures`;
  const then = {
    stop: `; ${limit} ends the run`,
    rollback: `; ${limit} ends the run and rolls it back`,
    continue: "; failures don't end the run",
  }[onFailure];
  return [`Waves of ${shown}${more}${then}`];
}

const VERBS: Readonly<Record<Plan["operation"], string>> = {
  push: "Pushing to",
  plan: "Would push to",
  diff: "Comparing with",
  status: "Looking at",
  history: "Looking at",
  rollback: "Rolling back on",
  remove: "Removing from",
  restore: "Restoring on",
  verify: "Verifying",
  trust: "Reading the host keys of",
  cleanup: "Cleaning up on",
  preload: "Preloading",
  "preload-status": "Looking at",
  "preload-prune": "Unpinning images on",
};

function skipped(plan: Plan): string[] {
  const causes = new Map<string, string[]>();
  for (const { name, code, message } of plan.skipped) {
    const cause = `${code} ${message}`;
    causes.set(cause, [...(causes.get(cause) ?? []), name]);
  }
  return [...causes].map(([cause, names]) => {
    const list = foldNames(names).length === 1 ? foldNames(names).join("") : nameList(names);
    return `Skipped ${names.length}: ${list}: ${cause}`;
  });
}
