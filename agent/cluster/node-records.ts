import { PullcastError } from "../errors.ts";
import type { ClusterNode, NodeAddress, Taint } from "../model.ts";

/** Each field on a line of its own: two plain names, then maps and lists, which kubectl prints as JSON. */
const FIELDS = [
  "{.metadata.name}",
  "{.metadata.uid}",
  "{.metadata.labels}",
  "{.metadata.annotations}",
  "{.spec}",
  "{.status.addresses}",
  "{.status.conditions}",
  "{.status.nodeInfo}",
] as const;

/** The JSONPath that `parseNodeRecords` reads; JSON holds no raw line feed, so no text can forge a line. */
export const NODES_JSONPATH = `{range .items[*]}${FIELDS.map((field) => `${field}{"\\n"}`).join("")}{end}`;

/** Names and UIDs are plain text: anything that isn't one of them means that lines are not what they seem. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;
const UID = /^[A-Za-z0-9-]{1,128}$/;

/**
 * Reads what `kubectl get nodes -o jsonpath=NODES_JSONPATH` printed. All strings stay untrusted data.
 *
 * @throws PullcastError PC105 naming the line
 */
export function parseNodeRecords(stdout: string): ClusterNode[] {
  const lines = stdout.split("\n");
  if (lines.pop() !== "") throw unreadable("the last line is cut");
  if (lines.length % FIELDS.length !== 0) throw unreadable("the last node is cut");
  const nodes: ClusterNode[] = [];
  for (let at = 0; at < lines.length; at += FIELDS.length) nodes.push(parseNode(lines, at));
  return nodes;
}

function parseNode(lines: readonly string[], at: number): ClusterNode {
  const line = (offset: number) => lines[at + offset] ?? "";
  const name = plain(line(0), NAME, at + 1);
  const uid = plain(line(1), UID, at + 2);
  const spec = parseMap(line(4), at + 5);
  const info = parseMap(line(7), at + 8);
  return {
    name,
    uid,
    labels: stringMap(parseMap(line(2), at + 3)),
    annotations: stringMap(parseMap(line(3), at + 4)),
    addresses: parseList(line(5), at + 6).map(toAddress),
    ready: readyOf(parseList(line(6), at + 7)),
    unschedulable: spec.unschedulable === true,
    taints: asList(spec.taints).map(toTaint),
    providerId: text(spec.providerID),
    runtime: text(info.containerRuntimeVersion),
    os: text(info.operatingSystem),
    osImage: text(info.osImage),
    arch: text(info.architecture),
    kubeletVersion: text(info.kubeletVersion),
    machineId: text(info.machineID),
    systemUuid: text(info.systemUUID),
  };
}

/** The fields that are read; any may be missing or of another type. */
type Fields = {
  readonly [Key in
    | "unschedulable"
    | "taints"
    | "providerID"
    | "containerRuntimeVersion"
    | "operatingSystem"
    | "osImage"
    | "architecture"
    | "kubeletVersion"
    | "machineID"
    | "systemUUID"
    | "type"
    | "address"
    | "key"
    | "value"
    | "effect"
    | "status"]?: unknown;
};

function plain(line: string, pattern: RegExp, lineNumber: number): string {
  if (!pattern.test(line)) throw unreadable(`line ${lineNumber} is neither a name nor a UID`);
  return line;
}

function parseMap(line: string, lineNumber: number): Fields {
  if (line === "") return {};
  const value = parseJson(line, lineNumber);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw unreadable(`line ${lineNumber} is not a JSON object`);
  }
  return value as Fields;
}

function parseList(line: string, lineNumber: number): readonly Fields[] {
  if (line === "") return [];
  const value = parseJson(line, lineNumber);
  if (!Array.isArray(value)) throw unreadable(`line ${lineNumber} is not a JSON list`);
  return asList(value);
}

function parseJson(line: string, lineNumber: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw unreadable(`line ${lineNumber} is not JSON; kubectl 1.20 or newer is needed`, cause);
  }
}

function asList(value: unknown): readonly Fields[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item): item is Fields => typeof item === "object" && item !== null);
}

/** Without a prototype: a label may be called `__proto__` or `constructor`. */
function stringMap(fields: Fields): Record<string, string> {
  const map: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(fields)) {
    if (typeof value === "string") map[key] = value;
  }
  return map;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function toAddress(fields: Fields): NodeAddress {
  return { type: text(fields.type), address: text(fields.address) };
}

function toTaint(fields: Fields): Taint {
  return { key: text(fields.key), value: text(fields.value), effect: text(fields.effect) };
}

function readyOf(conditions: readonly Fields[]): boolean | undefined {
  const ready = conditions.find((condition) => condition.type === "Ready");
  return ready === undefined ? undefined : ready.status === "True";
}

function unreadable(detail: string, cause?: unknown): PullcastError {
  return new PullcastError("PC105", { detail, cause });
}
