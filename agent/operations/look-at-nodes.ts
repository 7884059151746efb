import { readEntries } from "../kubelet/read-entries.ts";
import type { NodeReport, RunReport } from "../model.ts";
import type { NodeLook } from "../node/read-look.ts";
import { deliver, nodeRequest } from "./deliver.ts";
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
interface LookedAt {
  /** What a report of it begins with. */
  readonly run: Omit<RunReport<never, never>, "kind" | "items" | "dryRun">;
  readonly items: readonly LookedNode[];
}

/**
 * Looks once at the kubelet's file on every selected node.
 *
 * @throws {PullcastError} PC1xx where nothing can be selected, PC2xx where keys or known_hosts are unusable
 */
export async function lookAtNodes(
  options: NodeRunOptions,
  operation: "status" | "history",
): Promise<LookedAt> {
  const looks = new Map<string, Required<Omit<LookedNode, "report">>>();
  const {
    kind: _kind,
    dryRun: _dryRun,
    items,
    ...run
  } = await deliver(options, {
    kind: "PushReport",
    operation,
    dryRun: "server",
    job: (id) => async (shell) => {
      const places = await lookAtPlaces(shell, (login) =>
        nodeRequest(options, { run: id, ...login }),
      );
      if ("failed" in places) return places.failed;
      const looked = countingPlace(places);
      const { look } = looked;
      const stale = look.isAnswer ? staleKeys(places.own.look, keysOf(look)) : [];
      looks.set(shell.target.name, { look, stale });
      return { ...looked.answer, what: "unchanged", dryRun: true };
    },
  });
  return {
    run,
    items: items.map((report): LookedNode => {
      // A node that was lost after a look is no node that was looked at.
      const found = report.result === "unchanged" ? looks.get(report.node) : undefined;
      return { report, ...found };
    }),
  };
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
