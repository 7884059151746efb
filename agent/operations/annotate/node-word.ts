import { cleanText } from "../../util/clean-text.ts";
import { parseJson } from "../../util/parse-json.ts";

/** What an annotation tells of the file on its node. No values: everybody who may read nodes may read it. */
export interface NodeWord {
  /** The last run that left or found it so. */
  readonly run: string;
  /** RFC 3339, by the operator's clock. */
  readonly at: string;
  readonly operation: WordOperation;
  /** Who ran it, for people. */
  readonly operator: string;
  /** The field manager; absent where the run has none. */
  readonly manager?: string;
  /** Keys of what a push sent. */
  readonly keys?: readonly string[];
  /** RFC 3339: the first of their ends that is known. */
  readonly expiresAt?: string;
  /** RFC 3339: in force from then on at the latest. */
  readonly effectiveBy?: string;
  /** Where the file is on the node. */
  readonly path?: string;
  /** The machine-id that the node had: another machine has another file. */
  readonly machine?: string;
}

export type WordOperation = "push" | "rollback" | "remove" | "restore";

const OPERATIONS: ReadonlySet<unknown> = new Set<WordOperation>([
  "push",
  "rollback",
  "remove",
  "restore",
]);

/** A node's annotations are read by all who list nodes: thousands of keys would cost them too much. */
const MAX_KEYS = 50;

/** The annotation's text. */
export function formatWord({ keys, ...word }: NodeWord): string {
  return JSON.stringify({
    version: 1,
    ...word,
    ...(keys === undefined ? {} : { keys: keys.slice(0, MAX_KEYS) }),
  });
}

/** `undefined` for what is none; anybody who may write nodes may have written it, so texts are cleaned. */
export function parseWord(text: string): NodeWord | undefined {
  const read = parseJson(text);
  if (typeof read !== "object" || read === null) return undefined;
  const fields = read as Record<string, unknown>;
  const { version, operation, keys } = fields;
  const at = time(fields["at"]);
  const run = name(fields["run"]);
  if (version !== 1 || !OPERATIONS.has(operation) || at === undefined || run === undefined) {
    return undefined;
  }
  return {
    run,
    at,
    operation: operation as WordOperation,
    operator: name(fields["operator"]) ?? "unknown",
    ...some("manager", name(fields["manager"])),
    ...some("keys", Array.isArray(keys) ? keys.slice(0, MAX_KEYS).flatMap(names) : undefined),
    ...some("expiresAt", time(fields["expiresAt"])),
    ...some("effectiveBy", time(fields["effectiveBy"])),
    ...some("path", name(fields["path"])),
    ...some("machine", name(fields["machine"])),
  };
}

function names(value: unknown): string[] {
  const text = name(value);
  return text === undefined ? [] : [text];
}

function name(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? cleanText(value, 300) : undefined;
}

function time(value: unknown): string | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

/** `{ [field]: value }`, or nothing where there is no value. */
function some<Name extends string, Value>(field: Name, value: Value | undefined) {
  return (value === undefined ? {} : { [field]: value }) as { readonly [N in Name]?: Value };
}
