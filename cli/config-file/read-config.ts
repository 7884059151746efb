import { readFile } from "node:fs/promises";
import { type Document, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { suggest } from "../../agent/index.ts";
import { quote } from "../options/values.ts";
import { usageError } from "../usage-error.ts";
import { type ConfigFile, configSchema } from "./schema.ts";

/** More than any file of pools has. */
const MAX_BYTES = 1024 * 1024;
/** Aliases that one anchor may come to. */
const MAX_ALIASES = 100;
/** Faults that are told at once. */
const MAX_FAULTS = 10;

/**
 * Reads and checks a file of pools.
 *
 * @throws {PullcastError} PC001 with each fault and its place, `FILE:LINE:COLUMN`
 */
export async function readConfig(path: string): Promise<ConfigFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "read error";
    throw usageError(`${quote(path)} can't be read: ${reason}`, "pullcast init makes one");
  }
  if (bytes.length > MAX_BYTES) throw usageError(`${quote(path)} is larger than 1 MiB`);
  const found = checkConfig(bytes.toString());
  if ("config" in found) return found.config;
  const { faults } = found;
  const told = faults.slice(0, MAX_FAULTS).map(({ line, column, text }) => {
    return `${path}:${line}:${column}: ${text}`;
  });
  const more = faults.length - told.length;
  throw usageError(
    [...told, ...(more > 0 ? [`and ${more} more`] : [])].join("; "),
    `mend it, then pullcast config validate -f ${path}`,
  );
}

/** What is wrong with a file, and where; lines and columns from 1. */
export interface ConfigFault {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** Checks the text of a file of pools. */
export function checkConfig(
  text: string,
): { readonly config: ConfigFile } | { readonly faults: readonly ConfigFault[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return {
      faults: document.errors.map(({ pos, code, message }) => ({
        ...placeOf(lines, pos[0]),
        text: `it is no YAML: ${message || code}`,
      })),
    };
  }
  const value = plainOf(document);
  if ("fault" in value) return { faults: [{ line: 1, column: 1, text: value.fault }] };
  const read = configSchema.safeParse(value.value);
  const issues = read.success ? [] : read.error.issues.flatMap((issue) => faultsOf(issue));
  const more = read.success ? contradictions(read.data) : [];
  const faults = [...issues, ...more].map(({ path, text: words }) => ({
    ...placeOf(lines, offsetOf(document, path)),
    text: path.length === 0 ? words : `${pathText(path)}: ${words}`,
  }));
  return read.success && faults.length === 0 ? { config: read.data } : { faults };
}

/** A few aliases may stand for more than any memory holds. */
function plainOf(document: Document): { readonly value: unknown } | { readonly fault: string } {
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }) };
  } catch {
    return { fault: "it is no YAML of pools: its aliases stand for too much" };
  }
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

/** All fields that there are, for a slip of the pen. */
function knownFields(): string[] {
  const schema = JSON.stringify(configSchema.toJSONSchema());
  return [...schema.matchAll(/"([a-zA-Z]+)":\{/g)].map(([, name = ""]) => name);
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  if (issue.code === "unrecognized_keys") {
    const known = knownFields();
    return issue.keys.map((key) => {
      const meant = suggest(key, known);
      const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
      return { path: [...issue.path, key], text: `there is no such field${hint}` };
    });
  }
  return [{ path: issue.path, text: issue.message.replace(/^Invalid input: /, "") }];
}

/** What no field alone tells. */
function contradictions(config: ConfigFile): Fault[] {
  const { pools, secrets } = config;
  if (pools.length === 0 && secrets.length === 0) {
    return [{ path: [], text: "it has neither pools nor secrets" }];
  }
  return [...poolFaults(config), ...groupFaults(config)];
}

function groupFaults({ cluster, secrets }: ConfigFile): Fault[] {
  const faults: Fault[] = [];
  const names = new Set<string>();
  for (const [index, group] of secrets.entries()) {
    const at = ["secrets", index];
    const { name, namespaces, namespaceSelector, allNamespaces } = group;
    if (names.has(name)) {
      faults.push({ path: [...at, "name"], text: `two groups are called ${name}` });
    }
    names.add(name);
    const ways = [namespaces, namespaceSelector, allNamespaces].filter(Boolean).length;
    if (ways !== 1) {
      const text = "one of namespaces, namespaceSelector and allNamespaces must say which it has";
      faults.push({ path: at, text });
    }
    if (cluster === undefined) {
      faults.push({ path: at, text: "cluster.id must say which cluster its namespaces are of" });
    }
  }
  return faults;
}

function poolFaults({ cluster, pools }: ConfigFile): Fault[] {
  const faults: Fault[] = [];
  const names = new Set<string>();
  for (const [index, { name, hosts, selector, fieldSelector }] of pools.entries()) {
    const at = ["pools", index];
    if (names.has(name))
      faults.push({ path: [...at, "name"], text: `two pools are called ${name}` });
    names.add(name);
    if (hosts !== undefined && (selector ?? fieldSelector) !== undefined) {
      faults.push({ path: [...at, "hosts"], text: "a selector asks a cluster, hosts ask none" });
    }
    if (hosts === undefined && cluster === undefined) {
      faults.push({ path: at, text: "cluster.id must say which cluster its nodes are of" });
    }
  }
  return faults;
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  // The innermost part that stands in the file: a missing field stands nowhere.
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    const range = typeof node === "object" && node !== null && "range" in node ? node.range : null;
    if (Array.isArray(range)) return Number(range[0]);
  }
  return 0;
}

function placeOf(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) =>
      typeof part === "number" ? `[${part}]` : `${at === 0 ? "" : "."}${String(part)}`,
    )
    .join("");
}
