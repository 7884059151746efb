import { readEntries } from "../kubelet/read-entries.ts";
import type { NodeReport } from "../model.ts";
import type { NodeLook } from "../node/read-look.ts";
import { askNodes } from "./ask-nodes.ts";
import { staleKeys } from "./live/stale-keys.ts";
import { countingPlace, lookAtPlaces } from "./merge/look-and-write.ts";
import type { NodeRunOptions } from "./options.ts";

/** One node, and what a look found there; without it where something kept it from that, as its report tells. */
export interface LookedNode {
  readonly report: NodeReport;
  readonly look?: NodeLook;
  /** Keys of the kubelet's own file that it tries before it asks the provider that counts. */
  readonly stale?: readonly string[];
}

/** What a look at many nodes found. */
type LookedAt = Omit<Awaited<ReturnType<typeof askNodes>>, "items"> & {
  readonly items: readonly LookedNode[];
};

/**
 * Looks once at the kubelet's file on every selected node.
 *
 * @throws {PullcastError} PC1xx where nothing can be selected, PC2xx where keys or known_hosts are unusable
 */
export async function lookAtNodes(
  options: NodeRunOptions,
  operation: "status" | "history",
): Promise<LookedAt> {
  const { run, items } = await askNodes(options, operation, async (shell, request) => {
    const places = await lookAtPlaces(shell, request);
    if ("failed" in places) return { answer: places.failed };
    const { look, answer } = countingPlace(places);
    const stale = look.isAnswer ? staleKeys(places.own.look, keysOf(look)) : [];
    return { answer, found: { look, stale } };
  });
  return { run, items: items.map(({ report, found }) => ({ report, ...found })) };
}

function keysOf({ file }: NodeLook): string[] {
  return file.content === undefined
    ? []
    : readEntries(file.content.reveal()).entries.map(({ key }) => key);
}

/** What a report says of a failure. */
export function causeOf({
  code,
  message,
  fix,
}: NodeReport): Pick<NodeReport, "code" | "message" | "fix"> {
  return {
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
    ...(fix === undefined ? {} : { fix }),
  };
}
