import { ENDED_WELL, isTakenBack } from "./ended-well.ts";

/** One thing that ended well or not: a node, a namespace, a check, as other tools' reports have them. */
export interface Outcome {
  readonly name: string;
  /** `result` or `state` of the document. */
  readonly end: string;
  readonly kind: "well" | "bad" | "skipped";
  readonly code?: string;
  readonly message?: string;
  readonly fix?: string;
  readonly durationMs?: number;
}

/** All of one document. */
export interface OutcomeGroup {
  /** The document's kind: `PushReport`, … */
  readonly kind: string;
  readonly startedAt?: string;
  readonly durationMs?: number;
  readonly outcomes: readonly Outcome[];
}

/** Ends besides those of nodes that are as they should be. */
const WELL: ReadonlySet<string> = new Set([
  ...ENDED_WELL,
  ...["created", "absent", "would-create", "would-remove", "ok", "warning"],
  ...["held", "left", "none"],
]);

/** The outcomes in a document, or in each of a `List`. */
export function outcomesOf(document: object): OutcomeGroup[] {
  const { kind, items = [], startedAt, durationMs } = document as Fields;
  if (kind === "List") return items.flatMap((item) => outcomesOf(item));
  return [
    {
      kind: String(kind),
      ...(typeof startedAt === "string" ? { startedAt } : {}),
      ...(typeof durationMs === "number" ? { durationMs } : {}),
      outcomes: items.map((item) => outcomeOf(item as Fields)),
    },
  ];
}

interface Fields {
  readonly kind?: unknown;
  readonly items?: readonly object[];
  readonly startedAt?: unknown;
  readonly durationMs?: unknown;
  readonly node?: unknown;
  readonly namespace?: unknown;
  readonly name?: unknown;
  /** Of a node's images. */
  readonly image?: unknown;
  readonly group?: unknown;
  readonly result?: unknown;
  readonly state?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly fix?: unknown;
}

function isWell(end: string, code: unknown): boolean {
  return WELL.has(end) && !isTakenBack({ result: end, code });
}

function outcomeOf(item: Fields): Outcome {
  const { node, namespace, name, image, group, result, state, code, message, fix, durationMs } =
    item;
  const end = String(state ?? result);
  const own = [group, node ?? namespace, node === undefined ? name : image];
  return {
    name: own.filter((part) => typeof part === "string").join("/"),
    end,
    kind: end === "skipped" ? "skipped" : isWell(end, code) ? "well" : "bad",
    ...(typeof code === "string" ? { code } : {}),
    ...(typeof message === "string" ? { message } : {}),
    ...(typeof fix === "string" ? { fix } : {}),
    ...(typeof durationMs === "number" ? { durationMs } : {}),
  };
}
