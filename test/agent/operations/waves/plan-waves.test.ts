import { expect, test } from "vitest";
import type { Target } from "../../../../agent/model.ts";
import { planWaves } from "../../../../agent/operations/waves/plan-waves.ts";
import { clusterNode } from "../../cluster/cluster-node.ts";

const ZONE = "topology.kubernetes.io/zone";

function node(name: string, labels: Record<string, string> = {}): Target {
  return { name, host: name, addressKind: "name", node: clusterNode({ name, labels }) };
}

const names = (waves: readonly (readonly Target[])[]) =>
  waves.map((wave) => wave.map(({ name }) => name).join(" "));

test("neighbours are of different zones, so that no wave is one zone alone", () => {
  const targets = [
    ...["a1", "a2", "a3"].map((name) => node(name, { [ZONE]: "a" })),
    ...["b1", "b2"].map((name) => node(name, { [ZONE]: "b" })),
    node("c1", { [ZONE]: "c" }),
  ];
  const waves = planWaves(targets, { sizes: [{ count: 1 }, { percent: 50 }] });
  expect(names(waves)).toEqual(["a1", "b1 c1", "a2 b2 a3"]);
});

test("control-plane nodes come last", () => {
  const targets = [
    node("cp", { "node-role.kubernetes.io/control-plane": "" }),
    node("w1"),
    node("w2"),
  ];
  expect(names(planWaves(targets, { sizes: [{ count: 1 }] }))).toEqual(["w1", "w2 cp"]);
});

test("each value of a label is a wave, numbers in their order, nodes without it last", () => {
  const targets = [
    node("x"),
    node("ten", { pool: "pool-10" }),
    node("two", { pool: "pool-2" }),
    node("two-b", { pool: "pool-2" }),
  ];
  expect(names(planWaves(targets, { sizes: [], by: "pool" }))).toEqual(["two two-b", "ten", "x"]);
  expect(names(planWaves(targets, { sizes: [{ count: 1 }], by: "pool" }))).toEqual([
    "two",
    "two-b",
    "ten",
    "x",
  ]);
});

test("without a cluster hosts keep their order, and without sizes they are one wave", () => {
  const hosts = ["h2", "h1"].map((name): Target => ({ name, host: name, addressKind: "given" }));
  expect(names(planWaves(hosts, { sizes: [] }))).toEqual(["h2 h1"]);
  expect(names(planWaves(hosts, { sizes: [{ count: 1 }] }))).toEqual(["h2", "h1"]);
});
