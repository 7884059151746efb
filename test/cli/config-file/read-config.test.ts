import { expect, test } from "vitest";
import { poolsOf } from "../../../agent/operations/pools/suggest-pools.ts";
import { renderNewConfig } from "../../../cli/config-file/new-config.ts";
import { checkConfig } from "../../../cli/config-file/read-config.ts";
import { clusterNode } from "../../agent/cluster/cluster-node.ts";

const HEAD = `apiVersion: pullcast.dev/v1alpha1
kind: Config
cluster: { id: f3760417-c390-4068-94b0-e0a9efb6a7ec }
`;

function faultsOf(text: string): string[] {
  const found = checkConfig(text);
  if ("config" in found) return [];
  return found.faults.map(({ line, column, text: words }) => `${line}:${column} ${words}`);
}

test("a sound file has no faults", () => {
  expect(
    faultsOf(`${HEAD}pools:\n- { name: a, selector: "a=b", waves: { sizes: [1, 10%] } }\n`),
  ).toEqual([]);
});

test.each<[string, string, string]>([
  ["no YAML", "pools: [", "1:9 it is no YAML"],
  [
    "an unknown field",
    `${HEAD}pools:\n- name: a\n  slector: x\n`,
    "6:12 pools[0].slector: there is no such field; did you mean selector?",
  ],
  [
    "a wrong type",
    `${HEAD}pools:\n- name: a\n  ssh: { port: x }\n`,
    "6:16 pools[0].ssh.port: expected number",
  ],
  [
    "a number out of range",
    `${HEAD}pools:\n- { name: a, ssh: { port: 0 } }\n`,
    "5:27 pools[0].ssh.port: Too small",
  ],
  ["another version", HEAD.replace("alpha1", "") + "pools: [{ name: a }]\n", "1:13 apiVersion: "],
  ["nothing", HEAD, "1:1 it has neither pools nor secrets"],
  ["a group of nowhere", `${HEAD}secrets: [{ name: a }]\n`, "4:11 secrets[0]: one of namespaces,"],
  [
    "two of a name",
    `${HEAD}pools: [{ name: a }, { name: a }]\n`,
    "4:30 pools[1].name: two pools are called a",
  ],
  [
    "no cluster",
    HEAD.replace(/cluster.*\n/, "") + "pools: [{ name: a }]\n",
    "3:9 pools[0]: cluster.id must say",
  ],
  [
    "hosts of a selector",
    `${HEAD}pools: [{ name: a, hosts: [h], selector: x }]\n`,
    "4:27 pools[0].hosts: a selector asks a cluster",
  ],
  [
    "an alias bomb",
    `${HEAD}a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c]\npools: [{ name: a }]\n`,
    "its aliases stand for too much",
  ],
])("%s is told with its place", (_name, text, fault) => {
  expect(faultsOf(text).join("\n")).toContain(fault);
});

test("hosts need no cluster", () => {
  const text = `${HEAD.replace(/cluster.*\n/, "")}pools: [{ name: a, hosts: [10.0.0.5] }]\n`;
  expect(faultsOf(text)).toEqual([]);
});

test("a new file is one that can be applied, whatever nodes are called", () => {
  const worker = (pool: string) => clusterNode({ name: pool, labels: { pool } });
  const control = clusterNode({
    name: "c",
    labels: { "node-role.kubernetes.io/control-plane": "" },
  });
  const id = "f3760417-c390-4068-94b0-e0a9efb6a7ec";
  const pools = poolsOf([worker("GPU"), worker("cpu"), control]);
  expect(pools.map(({ name, selector }) => [name, selector])).toEqual([
    ["gpu", "pool=GPU"],
    ["cpu", "pool=cpu"],
    ["control-plane", "node-role.kubernetes.io/control-plane"],
  ]);
  expect(faultsOf(renderNewConfig({ id, context: 'odd": [', pools }))).toEqual([]);
  const unlabelled = poolsOf([clusterNode({ name: "a" }), control]);
  expect(unlabelled.map(({ selector }) => selector)).toEqual([
    "!node-role.kubernetes.io/control-plane",
    "node-role.kubernetes.io/control-plane",
  ]);
  expect(poolsOf([clusterNode({ name: "a" })])).toEqual([{ name: "all", nodes: 1 }]);
});
