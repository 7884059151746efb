import type { NodeReport } from "../../model.ts";
import { composeLedger, type LedgerTerms } from "../../node/compose.ts";
import { type HeldImage, readLedger } from "../../node/read-stock.ts";
import { askNodes } from "../ask-nodes.ts";
import { causeOf } from "../look-at-nodes.ts";
import { unansweredResult } from "../node-report.ts";
import { isTwin, mostMean } from "./compare-holdings.ts";
import type { HoldingItem, HoldingsOptions, HoldingsReport } from "./model.ts";

/**
 * Which images pullcast holds on each selected node, and where a set is not the same as on most nodes. Changes nothing.
 *
 * @throws {PullcastError} PC1xx where nothing can be selected, PC2xx where keys or known_hosts are unusable
 */
export async function preloadStatus(options: HoldingsOptions): Promise<HoldingsReport> {
  const asked = await askLedgers(options, "preload-status", { type: "list" });
  const { set } = options;
  const isWanted = ({ sets }: HeldImage) => set === undefined || sets.includes(set);
  const all = asked.items.flatMap(({ found }) => found?.held.filter(isWanted) ?? []);
  const nodes = asked.items.map(({ report, found }) => ({
    report,
    images: found?.held.filter((image) => isWanted(image) && !isTwin(image, all)),
  }));
  const expected = mostMean(
    nodes.flatMap(({ images }) => (images === undefined ? [] : [images])),
    set,
  );
  const items = nodes.flatMap(({ report, images }): HoldingItem[] => {
    if (images === undefined) return [unasked(report)];
    const there: HoldingItem[] = images.map(({ ref, ...rest }) => {
      const isOther = rest.sets.length > 0 && expected.get(ref)?.digest !== rest.digest;
      return { ...placeOf(report), image: ref, ...rest, result: isOther ? "differs" : "held" };
    });
    const has = new Set(images.map(({ ref }) => ref));
    const missing = [...expected].flatMap(([image, { digest, sets }]): HoldingItem[] =>
      sets.length === 0 || has.has(image)
        ? []
        : [{ ...placeOf(report), image, digest, sets, result: "missing" }],
    );
    const told = [...there, ...missing];
    return told.length === 0 ? [{ ...placeOf(report), result: "none" }] : told;
  });
  return { ...asked.run, kind: "HoldingsReport", items };
}

/**
 * Unpins on each selected node what no set holds, or with a set all that this alone holds: the kubelet may remove it
 * when its disk fills up. What others pinned stays.
 *
 * @throws {PullcastError} PC1xx where nothing can be selected, PC2xx where keys or known_hosts are unusable
 */
export async function preloadPrune(options: HoldingsOptions): Promise<HoldingsReport> {
  const { set } = options;
  const terms: LedgerTerms =
    set === undefined ? { type: "prune" } : { type: "keep", set, refs: [] };
  const asked = await askLedgers(options, "preload-prune", terms);
  const items = asked.items.flatMap(({ report, found }): HoldingItem[] => {
    if (found === undefined) return [unasked(report)];
    if (found.left.length === 0) return [{ ...placeOf(report), result: "none" }];
    return found.left.map(({ ref: image, pinned }) => ({
      ...placeOf(report),
      ...{ image, pinned, result: "left" as const },
    }));
  });
  return { ...asked.run, kind: "HoldingsReport", items };
}

/** Asks each node's containerd what pullcast holds there, or has it hold something else. */
async function askLedgers(
  options: HoldingsOptions,
  operation: "preload-status" | "preload-prune",
  terms: LedgerTerms,
) {
  return await askNodes(options, operation, async (shell, request) => {
    const { answer, stdout, nonce } = await shell.run(
      (login) => composeLedger(request(login), terms),
      { keepAll: true },
    );
    return { answer, found: readLedger(stdout, nonce) };
  });
}

function placeOf({ node, uid, durationMs }: NodeReport) {
  return { node, ...(uid === undefined ? {} : { uid }), durationMs };
}

function unasked(report: NodeReport): HoldingItem {
  return { ...placeOf(report), result: unansweredResult(report), ...causeOf(report) };
}
