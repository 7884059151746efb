import { expect, test } from "vitest";
import {
  canonicalHost,
  findShared,
  isHostTemplate,
  pickHost,
} from "../../../agent/cluster/addresses.ts";
import type { NodeAddress } from "../../../agent/model.ts";
import { clusterNode } from "./cluster-node.ts";

const nobody = async () => false;
const ip = (type: string, address: string): NodeAddress => ({ type, address });

test.each<[string, NodeAddress[], string]>([
  ["ExternalIP", [ip("InternalIP", "10.0.0.1"), ip("ExternalIP", "198.51.100.1")], "198.51.100.1"],
  ["InternalIP", [ip("Hostname", "h"), ip("InternalIP", "10.0.0.1")], "10.0.0.1"],
  ["InternalIP", [ip("InternalIP", "2001:db8::1"), ip("InternalIP", "10.0.0.1")], "2001:db8::1"],
])("auto takes the %s of what there is", async (kind, addresses, host) => {
  const node = clusterNode({ addresses });
  expect(await pickHost(node, { kind: "auto", sshHostKnown: nobody })).toEqual({ host, kind });
});

test("auto takes a Hostname only where ssh knows it", async () => {
  const node = clusterNode({ addresses: [ip("Hostname", "h1.example")] });
  expect(await pickHost(node, { kind: "auto", sshHostKnown: nobody })).toEqual({
    code: "PC112",
    message: "no ExternalIP, InternalIP or known Hostname: the API lists only Hostname",
  });
  const known = {
    kind: "auto",
    sshHostKnown: async (name: string) => name === "h1.example",
  } as const;
  expect(await pickHost(node, known)).toEqual({ host: "h1.example", kind: "Hostname" });
});

test("an exact kind is taken or nothing, name needs no address", async () => {
  const node = clusterNode({ name: "n1", addresses: [ip("InternalIP", "10.0.0.1")] });
  const pick = (kind: "ExternalIP" | "Hostname" | "name") =>
    pickHost(node, { kind, sshHostKnown: nobody });
  expect(await pick("ExternalIP")).toMatchObject({ code: "PC112" });
  expect(await pick("Hostname")).toMatchObject({ code: "PC112" });
  expect(await pick("name")).toEqual({ host: "n1", kind: "name" });
});

test.each([
  ["{name}.prod.example.com", "w-1", "w-1.prod.example.com"],
  ["ip-{name}", "w-1", "ip-w-1"],
  ["{address}", "w-1", "10.0.0.1"],
  ["{name}.{address}.nip.io", "w-1", "w-1.10.0.0.1.nip.io"],
])("the template %s makes of %s the host %s", async (template, name, host) => {
  const node = clusterNode({ name, addresses: [ip("InternalIP", "10.0.0.1")] });
  const rules = { kind: "auto", template, sshHostKnown: nobody } as const;
  expect(isHostTemplate(template)).toBe(true);
  expect(await pickHost(node, rules)).toEqual({ host, kind: "template" });
});

test("a template without {address} needs no address; one with it takes only what --address allows", async () => {
  const rules = { kind: "auto", sshHostKnown: nobody } as const;
  const bare = clusterNode({ name: "w-1", addresses: [] });
  expect(await pickHost(bare, { ...rules, template: "{name}.example" })).toMatchObject({
    host: "w-1.example",
  });
  expect(await pickHost(bare, { ...rules, template: "h-{address}" })).toMatchObject({
    code: "PC112",
  });
});

test.each([
  ["{name}", "localhost", "PC113"],
  ["{name}.1", "127.0.0", "PC113"],
  ["{name}", "-oProxyCommand=x", "PC265"],
  ["{name}.example", "a b", "PC265"],
  ["{name}.example", "a$(id)", "PC265"],
  ["x{name}", "", "ok"],
  ["{name}x", "{address}", "PC265"],
  ["{name}.example", "n".repeat(64), "PC265"],
])(
  "a node can't choose whom the template %s reaches by its name %j",
  async (template, name, code) => {
    const rules = { kind: "auto", template, sshHostKnown: nobody } as const;
    const pick = await pickHost(clusterNode({ name }), rules);
    expect("code" in pick ? pick.code : "ok").toBe(code);
  },
);

test.each([
  "",
  "bastion",
  "{name",
  "{node}",
  "{name} x",
  "{name};id",
  "a/{name}",
  "-{host}",
  "{{name}}",
])("%j is no template", (text) => expect(isHostTemplate(text)).toBe(false));

test.each([
  "127.0.0.1",
  "127.8.8.8",
  "0.0.0.0",
  "0.1.2.3",
  "169.254.169.254",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "fe80::1",
  "febf::1",
  "ff02::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::ffff:169.254.169.254",
  "localhost",
  "LOCALHOST.",
  "a.localhost",
])("%s is this machine or a local link", async (address) => {
  const node = clusterNode({ addresses: [ip("InternalIP", address)] });
  expect(await pickHost(node, { kind: "auto", sshHostKnown: nobody })).toMatchObject({
    code: "PC113",
  });
});

test.each([
  "",
  "127.1",
  "2130706433",
  "0x7f000001",
  "a.0x7f",
  "-oProxyCommand=x",
  "a b",
  "a;b",
  "$(x)",
  "a\nb",
  "a/../b",
  "fe80::1%eth0",
  "[::1]",
  "10.0.0.1:22",
  "user@host",
  `${"a".repeat(64)}.example`,
  "\u001b[31m",
])("%j is no address, so it goes nowhere", async (address) => {
  const node = clusterNode({ addresses: [ip("InternalIP", address)] });
  expect(await pickHost(node, { kind: "auto", sshHostKnown: nobody })).toEqual({
    code: "PC112",
    message: "its InternalIP is neither an IP address nor a DNS name",
  });
});

test("one address has one spelling", () => {
  expect(canonicalHost("2001:DB8:0:0::1")).toBe("2001:db8::1");
  expect(canonicalHost("::ffff:10.0.0.1")).toBe("10.0.0.1");
  expect(canonicalHost("Host.Example.")).toBe("host.example");
});

test("an address of two nodes is found, however it is written and whichever kind it is", () => {
  const nodes = [
    clusterNode({ name: "a", addresses: [ip("InternalIP", "10.0.0.1")] }),
    clusterNode({ name: "b", addresses: [ip("InternalIP", "::ffff:10.0.0.1")] }),
    clusterNode({ name: "c", addresses: [ip("InternalIP", "10.0.0.3")] }),
    clusterNode({
      name: "d",
      addresses: [ip("ExternalIP", "1.2.3.4"), ip("InternalIP", "10.0.0.3")],
    }),
  ];
  const chosen = new Map([
    ["a", "10.0.0.1"],
    ["b", "::ffff:10.0.0.1"],
    ["c", "10.0.0.3"],
    ["d", "1.2.3.4"],
  ]);
  expect(findShared(chosen, { nodes, nodeCheck: true })).toEqual(
    new Map([
      ["a", ["b"]],
      ["b", ["a"]],
      ["c", ["d"]],
    ]),
  );
});

test("a node may list its own address twice", () => {
  const addresses = [ip("InternalIP", "10.0.0.1"), ip("ExternalIP", "10.0.0.1")];
  const nodes = [clusterNode({ name: "a", addresses })];
  const chosen = new Map([["a", "10.0.0.1"]]);
  expect(findShared(chosen, { nodes, nodeCheck: false })).toEqual(new Map());
});
