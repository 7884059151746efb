import type { HoldingsReport, PreloadItem, PreloadReport } from "../../agent/index.ts";
import { formatBytes } from "./bytes.ts";
import { countsText } from "./document.ts";
import { nameList } from "./groups.ts";
import type { TableStyle } from "./report-table.ts";
import { renderTable } from "./table.ts";
import { formatDuration } from "./time.ts";

/** A row for each node and image. */
export function renderPreload({ items }: PreloadReport, style: TableStyle): string {
  const columns = "NODE IMAGE RESULT WAY OFFLINE STARTS MISSING SENT CODE MESSAGE".split(" ");
  const bytes = (count: number | undefined) =>
    count === undefined ? undefined : formatBytes(count);
  const rows = items.map(
    ({ node, image, result, way, offline, starts, missingBytes, sentBytes, code, message }) => [
      node,
      image,
      result,
      way,
      offline,
      starts === undefined ? undefined : starts ? "yes" : "no",
      bytes(missingBytes),
      bytes(sentBytes),
      code,
      message,
    ],
  );
  return renderTable(columns, rows, style);
}

/** What it came to, and what moved. */
export function renderPreloadSummary(report: PreloadReport): string[] {
  const { items, durationMs, fetchedBytes, dryRun } = report;
  const counts =
    items.length === 0 ? "nothing" : countsText(items.map(({ result }) => ({ result })));
  const sum = (of: (item: PreloadItem) => number | undefined) =>
    items.reduce((total, item) => total + (of(item) ?? 0), 0);
  const missing = sum(({ missingBytes }) => missingBytes);
  const moved =
    dryRun === true
      ? `${formatBytes(missing)} missing`
      : `${formatBytes(sum(({ sentBytes }) => sentBytes))} sent`;
  return [
    ...offlineNotes(items),
    ...leftNotes(report),
    ...(report.stopped === undefined ? [] : [`! ${report.stopped.code} ${report.stopped.message}`]),
    `${counts}: ${moved}, ${formatBytes(fetchedBytes)} read from registries, in ${formatDuration(durationMs)}`,
  ];
}

/** Why pods would not start without a registry, each reason once. */
function offlineNotes(items: readonly PreloadItem[]): string[] {
  const nodes = new Map<string, Set<string>>();
  for (const { node, image, offline, offlineWhy } of items) {
    if (offlineWhy === undefined) continue;
    const note = `${image} is ${offline} offline: ${offlineWhy}`;
    nodes.set(note, (nodes.get(note) ?? new Set()).add(node));
  }
  return [...nodes].map(([note, names]) => `! ${note} (${nameList([...names])})`);
}

function leftNotes({ left = [] }: PreloadReport): string[] {
  if (left.length === 0) return [];
  const nodes = new Set(left.map(({ node }) => node)).size;
  const images = new Set(left.map(({ image }) => image)).size;
  return [`the set let go ${images} references on ${nodes} nodes`];
}

/** As much of a digest as people tell it by. */
function shortDigest(digest: string | undefined): string | undefined {
  return digest?.slice(0, "sha256:".length + 12);
}

/** A row for each image that is held on a node, or is missing there. */
export function renderHoldings({ items }: HoldingsReport, style: TableStyle): string {
  const rows = items.map(({ node, image, result, digest, sets, pinned, code, message }) => [
    ...[
      node,
      image,
      result,
      sets?.join(","),
      pinned === undefined ? undefined : pinned ? "yes" : "no",
    ],
    ...[shortDigest(digest), code, message],
  ]);
  const columns = ["NODE", "IMAGE", "RESULT", "SETS", "PINNED", "DIGEST", "CODE", "MESSAGE"];
  return renderTable(columns, rows, style);
}

/** A row for each image that is held somewhere, and its digest: how many nodes have it. */
export function renderHeldImages({ items }: HoldingsReport, style: TableStyle): string {
  const asked = new Set(items.map(({ node }) => node)).size;
  const rows = [...heldByImage(items)].map(([key, of]) => {
    const [image, digest] = key.split(" ");
    const sets = new Set(of.flatMap((item) => item.sets ?? []));
    const pinned = of.filter((item) => item.pinned === true).length;
    return [
      ...[image, shortDigest(digest), [...sets].sort().join(",") || undefined],
      ...[
        `${of.length} of ${asked}`,
        pinned === of.length ? "yes" : pinned === 0 ? "no" : `${pinned}`,
      ],
    ];
  });
  return renderTable(["IMAGE", "DIGEST", "SETS", "NODES", "PINNED"], rows, style);
}

/** References that are held somewhere. */
export function heldImages({ items }: HoldingsReport): string {
  const images = new Set([...heldByImage(items).keys()].map((key) => key.split(" ")[0]));
  return [...images].map((image) => `${image}\n`).join("");
}

function heldByImage(
  items: HoldingsReport["items"],
): Map<string, HoldingsReport["items"][number][]> {
  const found = new Map<string, HoldingsReport["items"][number][]>();
  for (const item of items) {
    const { image, digest, result } = item;
    if (image === undefined || (result !== "held" && result !== "differs")) continue;
    const key = `${image} ${digest}`;
    found.set(key, [...(found.get(key) ?? []), item]);
  }
  return found;
}

/** Names of nodes where all that sets hold elsewhere is held. */
export function heldNodes({ items }: HoldingsReport): string {
  return namesOfWell(items, WELL_HELD);
}

const WELL_HELD: ReadonlySet<string> = new Set(["held", "none", "left"]);

function namesOfWell(
  items: readonly { readonly node: string; readonly result: string }[],
  well: ReadonlySet<string>,
): string {
  const bad = new Set(items.filter(({ result }) => !well.has(result)).map(({ node }) => node));
  const nodes = new Set(items.map(({ node }) => node));
  return [...nodes].flatMap((node) => (bad.has(node) ? [] : [`node/${node}\n`])).join("");
}

/** Names of nodes that have all the images. */
export function preloadedNodes({ items }: PreloadReport): string {
  return namesOfWell(items, HAS);
}

const HAS: ReadonlySet<string> = new Set(["loaded", "present"]);
