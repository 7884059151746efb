import fc from "fast-check";
import { expect, test } from "vitest";
import {
  NODES_JSONPATH,
  parseNodeObject,
  parseNodeRecords,
} from "../../../agent/cluster/node-records.ts";

/** As kubectl prints: two plain lines, then JSON or nothing. */
function record(fields: {
  name?: string;
  uid?: string;
  labels?: unknown;
  annotations?: unknown;
  spec?: unknown;
  addresses?: unknown;
  conditions?: unknown;
  nodeInfo?: unknown;
}): string {
  const json = (value: unknown) => (value === undefined ? "" : JSON.stringify(value));
  return [
    fields.name ?? "n1",
    fields.uid ?? "2f68f92d-f33a-49fb-91ca-1f676a53e60e",
    json(fields.labels),
    json(fields.annotations),
    json(fields.spec),
    json(fields.addresses),
    json(fields.conditions),
    json(fields.nodeInfo),
    "",
  ].join("\n");
}

const pc105 = (part: string) =>
  expect.objectContaining({ code: "PC105", message: expect.stringContaining(part) });

test("the JSONPath can be copied into a shell between single quotes", () => {
  expect(NODES_JSONPATH).toMatch(/^\{range \.items\[\*\]\}.*\{end\}$/);
  expect(NODES_JSONPATH).not.toContain("'");
});

test("a whole node is read", () => {
  const text = record({
    labels: { "kubernetes.io/os": "linux" },
    annotations: { note: "two\nlines" },
    spec: {
      providerID: "kind://n1",
      unschedulable: true,
      taints: [{ key: "k", effect: "NoExecute" }],
    },
    addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
    conditions: [
      { type: "MemoryPressure", status: "True" },
      { type: "Ready", status: "False" },
    ],
    nodeInfo: {
      containerRuntimeVersion: "containerd://1.6",
      operatingSystem: "linux",
      osImage: "Debian",
      architecture: "amd64",
      kubeletVersion: "v1.35.4",
      machineID: "m1",
      systemUUID: "EC2-uuid",
      bootID: "b1",
    },
  });
  expect(parseNodeRecords(text)).toEqual([
    {
      name: "n1",
      uid: "2f68f92d-f33a-49fb-91ca-1f676a53e60e",
      labels: { "kubernetes.io/os": "linux" },
      annotations: { note: "two\nlines" },
      addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
      ready: false,
      unschedulable: true,
      taints: [{ key: "k", value: "", effect: "NoExecute" }],
      providerId: "kind://n1",
      runtime: "containerd://1.6",
      os: "linux",
      osImage: "Debian",
      arch: "amd64",
      kubeletVersion: "v1.35.4",
      machineId: "m1",
      systemUuid: "EC2-uuid",
      bootId: "b1",
    },
  ]);
});

test("a node that never reported has no fields but its name", () => {
  const [node] = parseNodeRecords(record({}));
  expect(node).toMatchObject({
    name: "n1",
    ready: undefined,
    addresses: [],
    machineId: "",
    systemUuid: "",
  });
});

test("a Node object is read as the same node, and whatever has no plain name is none", () => {
  const object = {
    metadata: {
      name: "n1",
      uid: "u-1",
      labels: { a: "b", __proto__: { c: "d" }, n: 7 },
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec: { taints: [{ key: "k", effect: "NoSchedule" }] },
    status: {
      conditions: [{ type: "Ready", status: "True" }],
      nodeInfo: { bootID: "b1", machineID: "m1" },
    },
  };
  const found = parseNodeObject(object);
  expect(found?.createdAt).toBe("2026-01-01T00:00:00Z");
  expect(found?.node).toMatchObject({
    ...{ name: "n1", uid: "u-1", labels: { a: "b" }, ready: true, bootId: "b1", machineId: "m1" },
    taints: [{ key: "k", value: "", effect: "NoSchedule" }],
  });
  for (const metadata of [
    undefined,
    null,
    [],
    { name: "n1" },
    { name: "-rf", uid: "u" },
    { name: 1, uid: 2 },
  ]) {
    expect(parseNodeObject({ metadata })).toBeUndefined();
  }
  expect(parseNodeObject(null)).toBeUndefined();
});

test("no nodes print nothing", () => {
  expect(parseNodeRecords("")).toEqual([]);
});

test("whatever stands in labels, annotations and taints, no field of a node is forged", () => {
  const hostile = fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(
      fc.array(hostile, { maxLength: 4 }),
      fc.string({ unit: "binary" }),
      (maps, text) => {
        const stdout = maps
          .map((map, index) =>
            record({
              name: `n${index}`,
              labels: map,
              annotations: { ...map, [text]: `n9\n${text}\n{"x":1}\n` },
              spec: { providerID: text, taints: [{ key: text, value: text, effect: text }] },
              addresses: [{ type: text, address: text }],
            }),
          )
          .join("");
        const nodes = parseNodeRecords(stdout);
        expect(nodes.map(({ name }) => name)).toEqual(maps.map((_, index) => `n${index}`));
        for (const [index, node] of nodes.entries()) {
          expect(Object.entries(node.labels)).toEqual(Object.entries(maps[index] ?? {}));
          expect(node.providerId).toBe(text);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("a label called __proto__ is data", () => {
  const text = record({}).replace("\n\n", '\n{"__proto__":"x","constructor":"y"}\n');
  const [node] = parseNodeRecords(text);
  expect(Object.entries(node?.labels ?? {})).toEqual([
    ["__proto__", "x"],
    ["constructor", "y"],
  ]);
});

test.each([
  ["a cut line", record({ nodeInfo: {} }).slice(0, -1), "the last line is cut"],
  ["a cut node", `${record({})}n2\n`, "the last node is cut"],
  [
    "the map[…] of an old kubectl",
    record({}).replace("\n\n", "\nmap[a:b]\n"),
    "line 3 is not JSON",
  ],
  ["a list for a map", record({ labels: [] }), "line 3 is not a JSON object"],
  ["a map for a list", record({ addresses: {} }), "line 6 is not a JSON list"],
  ["an escape code for a name", record({ name: "\u001b[31mn" }), "line 1 is neither"],
  ["an empty UID", record({ uid: "" }), "line 2 is neither"],
])("%s is an error", (_, text, words) => {
  expect(() => parseNodeRecords(text)).toThrow(pc105(words));
});
