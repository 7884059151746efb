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
  return toClusterNode({
    name: plain(line(0), NAME, at + 1),
    uid: plain(line(1), UID, at + 2),
    labels: parseMap(line(2), at + 3),
    annotations: parseMap(line(3), at + 4),
    spec: parseMap(line(4), at + 5),
    addresses: parseList(line(5), at + 6),
    conditions: parseList(line(6), at + 7),
    info: parseMap(line(7), at + 8),
  });
}

/** A node as a watch tells it. */
export interface NodeObject {
  readonly node: ClusterNode;
  /** RFC 3339, whole seconds, by the API server's clock. */
  readonly createdAt: string;
}

/**
 * Reads a Node object of the API server; all strings stay untrusted data.
 *
 * @returns `undefined` for what has no plain name and UID
 */
export function parseNodeObject(object: unknown): NodeObject | undefined {
  const { metadata, spec, status } = asMap(object) as Record<string, unknown>;
  const { name, uid, labels, annotations, creationTimestamp } = asMap(metadata) as Record<
    string,
    unknown
  >;
  if (typeof name !== "string" || typeof uid !== "string") return undefined;
  if (!NAME.test(name) || !UID.test(uid)) return undefined;
  const { addresses, conditions, nodeInfo } = asMap(status) as Record<string, unknown>;
  const node = toClusterNode({
    name,
    uid,
    labels: asMap(labels),
    annotations: asMap(annotations),
    spec: asMap(spec),
    addresses: asList(addresses),
    conditions: asList(conditions),
    info: asMap(nodeInfo),
  });
  return { node, createdAt: text(creationTimestamp) };
}

interface NodeParts {
  readonly name: string;
  readonly uid: string;
  readonly labels: Fields;
  readonly annotations: Fields;
  readonly spec: Fields;
  readonly addresses: readonly Fields[];
  readonly conditions: readonly Fields[];
  readonly info: Fields;
}

function toClusterNode({ name, uid, spec, info, ...parts }: NodeParts): ClusterNode {
  return {
    name,
    uid,
    labels: stringMap(parts.labels),
    annotations: stringMap(parts.annotations),
    addresses: parts.addresses.map(toAddress),
    ready: readyOf(parts.conditions),
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
    bootId: text(info.bootID),
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
    | "bootID"
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

function asMap(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
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
