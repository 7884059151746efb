import { expect, test } from "vitest";
import type { ClusterNode } from "../../../agent/model.ts";
import type { SelectionOptions } from "../../../agent/operations/options.ts";
import { selectNodes, selectTargets } from "../../../agent/operations/select-targets.ts";
import { clusterNode } from "../cluster/cluster-node.ts";

const ALL: SelectionOptions = { names: [], exclude: [], address: "auto" };

function node(name: string, address: string, fields: Partial<ClusterNode> = {}): ClusterNode {
  return clusterNode({ name, addresses: [{ type: "InternalIP", address }], ...fields });
}

const NODES = [
  node("cp-1", "10.0.0.1"),
  node("w-1.example", "10.0.0.2"),
  node("w-2.example", "10.0.0.3"),
  node("win-1", "10.0.0.4", { os: "windows" }),
];

async function select(selection: Partial<SelectionOptions>, nodes: readonly ClusterNode[] = NODES) {
  return await selectNodes(nodes, { selection: { ...ALL, ...selection }, purpose: "push" });
}

const names = (items: readonly { readonly name: string }[]) => items.map(({ name }) => name);
const failure = (code: string, words: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(words) });

test.each<[Partial<SelectionOptions>, string[]]>([
  [{}, ["cp-1", "w-1.example", "w-2.example"]],
  [{ names: ["w-2.example", "cp-1"] }, ["cp-1", "w-2.example"]],
  [{ names: ["w-*"] }, ["w-1.example", "w-2.example"]],
  [{ names: ["w-{1,3}*"] }, ["w-1.example"]],
  [{ exclude: ["w-*"] }, ["cp-1"]],
  [{ names: ["w-*"], exclude: ["*-2*"] }, ["w-1.example"]],
])("%j selects %j", async (selection, expected) => {
  expect(names((await select(selection)).targets)).toEqual(expected);
});

test("a Windows node is skipped by name, one that was not asked for is not mentioned", async () => {
  expect((await select({})).skipped).toEqual([
    { name: "win-1", code: "PC115", message: "it runs Windows" },
  ]);
  expect((await select({ names: ["cp-1"] })).skipped).toEqual([]);
});

test("nothing selected is an error that says why", async () => {
  await expect(select({ names: ["w-*", "x-*", "cp-9"] })).rejects.toThrow(
    failure("PC111", "x-*, cp-9"),
  );
  await expect(select({ exclude: ["*"] })).rejects.toThrow(failure("PC110", "all of 4 nodes"));
  await expect(select({ names: ["win-1"] })).rejects.toThrow(failure("PC110", "it runs Windows"));
});

test("two nodes with one address are both refused and each names the other", async () => {
  const twins = [node("a", "10.0.0.9"), node("b", "10.0.0.9"), node("c", "10.0.0.8")];
  const { targets, refused } = await select({}, twins);
  expect(names(targets)).toEqual(["c"]);
  expect(refused).toEqual([
    { name: "a", code: "PC114", message: "10.0.0.9 is also an address of b" },
    { name: "b", code: "PC114", message: "10.0.0.9 is also an address of a" },
  ]);
});

test("a node that claims another's address is refused though the other was not selected", async () => {
  const twins = [node("a", "10.0.0.9"), node("b", "10.0.0.9")];
  const { targets, refused } = await select({ names: ["b"] }, twins);
  expect(targets).toEqual([]);
  expect(names(refused)).toEqual(["b"]);
});

test("a node that lists what others chose keeps no push from them, where machine-ids tell hosts apart", async () => {
  const addresses = ["10.0.0.6", "10.0.0.7", "10.0.0.8"].map((address) => ({
    type: "InternalIP",
    address,
  }));
  const liar = clusterNode({ name: "liar", addresses, machineId: "m-liar" });
  const served = node("served", "10.0.0.7", { machineId: "m-served" });
  const nameless = node("nameless", "10.0.0.8");
  const { targets, refused } = await select({}, [liar, served, nameless]);
  expect(names(targets)).toEqual(["liar", "served"]);
  expect(refused).toEqual([
    { name: "nameless", code: "PC114", message: "10.0.0.8 is also an address of liar" },
  ]);
});

test("--no-node-check leaves nothing that tells hosts apart: what another node lists is refused", async () => {
  const address = { type: "InternalIP", address: "10.0.0.7" };
  const liar = clusterNode({
    name: "liar",
    addresses: [{ type: "InternalIP", address: "10.0.0.6" }, address],
    machineId: "m-liar",
  });
  const nodes = [liar, node("served", "10.0.0.7", { machineId: "m-served" })];
  const refusedOf = async (nodeCheck: boolean) =>
    names((await selectNodes(nodes, { selection: ALL, purpose: "push", nodeCheck })).refused);
  expect(await refusedOf(true)).toEqual([]);
  expect(await refusedOf(false)).toEqual(["served"]);
});

test("a node that calls itself OpenShift's is refused alone", async () => {
  const liar = node("liar", "10.0.1.1", { labels: { "node.openshift.io/os_id": "rhcos" } });
  const { targets, refused } = await select({}, [...NODES, liar]);
  expect(names(targets)).toEqual(["cp-1", "w-1.example", "w-2.example"]);
  expect(refused).toMatchObject([{ name: "liar", code: "PC118" }]);
});

test("a bad address refuses its node alone", async () => {
  const { targets, refused } = await select({}, [node("a", "127.0.0.1"), node("b", "10.0.0.2")]);
  expect(names(targets)).toEqual(["b"]);
  expect(refused).toMatchObject([{ name: "a", code: "PC113" }]);
});

test("a cluster of OpenShift refuses a push and not a verify", async () => {
  const rhcos = node("o-1", "10.0.1.1", { labels: { "node.openshift.io/os_id": "rhcos" } });
  await expect(select({}, [rhcos])).rejects.toThrow(failure("PC118", "o-1"));
  const verify = await selectNodes([rhcos], { selection: ALL, purpose: "verify" });
  expect(names(verify.targets)).toEqual(["o-1"]);
});

test("a cluster of a cloud that replaces nodes is refused with the right way, until the user insists", async () => {
  const gke = node("g-1", "10.0.1.2", { labels: { "cloud.google.com/gke-nodepool": "p" } });
  await expect(select({}, [gke])).rejects.toThrow(failure("PC117", "g-1"));
  const { targets, notices } = await selectNodes([gke], {
    selection: ALL,
    purpose: "push",
    force: true,
  });
  expect(names(targets)).toEqual(["g-1"]);
  expect(notices).toEqual([{ code: "PC117", message: expect.stringMatching(/^GKE .*: g-1$/) }]);
  // What stands there already may be looked at and taken away.
  const reach = await selectNodes([gke], { selection: ALL, purpose: "reach" });
  expect(names(reach.targets)).toEqual(["g-1"]);
  expect(reach.notices).toEqual([]);
});

test.each([
  ["Talos (v1.11.2)", {}, "PC147", "talosctl"],
  ["Bottlerocket OS 1.47.0 (aws-k8s-1.35)", {}, "PC147", "apiclient"],
  [
    "Red Hat Enterprise Linux CoreOS 9.6",
    { "hypershift.openshift.io/nodePool": "p" },
    "PC118",
    "additional-pull-secret",
  ],
  ["Red Hat Enterprise Linux CoreOS 9.6", {}, "PC118", "openshift-config"],
  ["Debian", { "eks.amazonaws.com/nodegroup": "g" }, "PC117", "ECR"],
  ["Debian", { "kubernetes.azure.com/cluster": "c" }, "PC117", "attach-acr"],
])(
  "a node of %s with %j among others is refused alone, with the command that does it there",
  async (...[osImage, labels, code, command]) => {
    const special = node("special", "10.0.1.3", { osImage, labels });
    const { targets, refused } = await select({}, [...NODES, special]);
    expect(names(targets)).not.toContain("special");
    expect(refused).toMatchObject([
      { name: "special", code, fix: expect.stringContaining(command) },
    ]);
  },
);

test("what is the wrong way altogether can't be forced", async () => {
  const talos = node("t-1", "10.0.1.4", { osImage: "Talos (v1.11.2)" });
  const forced = selectNodes([talos], { selection: ALL, purpose: "push", force: true });
  await expect(forced).rejects.toThrow(failure("PC147", "t-1"));
});

test("a verify needs no address", async () => {
  const bare = clusterNode({ name: "n", addresses: [] });
  const { targets } = await selectNodes([bare], { selection: ALL, purpose: "verify" });
  expect(targets).toMatchObject([{ name: "n" }]);
});

const HOSTS = ["10.0.0.10", "10.0.0.11", "web=10.0.0.12:2222"];
const selectHosts = (selection: Partial<SelectionOptions>) =>
  selectTargets({
    kubectl: { program: "/nonexistent/kubectl" },
    selection: { ...ALL, hosts: HOSTS, ...selection },
    purpose: "push",
    signal: new AbortController().signal,
  });

test.each<[Partial<SelectionOptions>, string[]]>([
  [{}, ["10.0.0.10", "10.0.0.11", "web"]],
  [{ names: ["web"] }, ["web"]],
  [{ names: ["10.0.0.1?"], exclude: ["*.11"] }, ["10.0.0.10"]],
])("of --hosts, %j selects %j", async (selection, expected) => {
  expect(names((await selectHosts(selection)).targets)).toEqual(expected);
});

test("nothing selected of --hosts is an error that sends nobody to the cluster", async () => {
  const unknown = selectHosts({ names: ["web", "nosuch"] });
  await expect(unknown).rejects.toThrow(failure("PC111", "nosuch"));
  await expect(unknown).rejects.toMatchObject({ fix: expect.stringContaining("--hosts") });
  const none = selectHosts({ exclude: ["*"] });
  await expect(none).rejects.toThrow(failure("PC110", "all of 3"));
  await expect(none).rejects.toMatchObject({ fix: expect.not.stringContaining("kubectl") });
});

test("--hosts asks no cluster", async () => {
  const options = {
    kubectl: { program: "/nonexistent/kubectl" },
    selection: { ...ALL, hosts: ["w1=10.0.0.1:2222"] },
    signal: new AbortController().signal,
  };
  const { targets, context } = await selectTargets({ ...options, purpose: "push" });
  expect(context).toBeUndefined();
  expect(targets).toEqual([{ name: "w1", host: "10.0.0.1", port: 2222, addressKind: "given" }]);
  await expect(selectTargets({ ...options, purpose: "verify" })).rejects.toThrow(
    failure("PC001", "--hosts"),
  );
});
