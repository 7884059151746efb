import { expect, test } from "vitest";
import { lookUp } from "../../../agent/kubelet/look-up.ts";
import { normalizeKey } from "../../../agent/kubelet/normalize-key.ts";
import { readKubeletFile } from "../../../agent/kubelet/read-file.ts";

function lookUpKeys(keys: readonly string[], repository: string | undefined, version?: string) {
  const auths = Object.fromEntries(keys.map((key) => [key, { username: "u", password: "p" }]));
  const file = readKubeletFile(JSON.stringify({ auths }));
  if (!file.valid) throw new Error(file.why);
  const { candidates, passedOver, ...rest } = lookUp(file.entries, repository, version);
  return { ...rest, candidates: candidates.map(({ key }) => key), passedOver };
}

test("what serves comes in the kubelet's order, all else with the reason why not", () => {
  const keys = [
    "reg.example",
    "*.example/team",
    "https://reg.example/team/app",
    "reg.example:5000",
    "example",
    "quay.io",
    "a.b.other.io",
    "*.*.example",
    "reg.example/other",
  ];
  expect(lookUpKeys(keys, "reg.example/team/app")).toEqual({
    repository: "reg.example/team/app",
    candidates: ["https://reg.example/team/app", "reg.example", "*.example/team"],
    passedOver: [
      { key: "reg.example:5000", why: "another port" },
      { key: "example", why: "another number of dots in the host" },
      { key: "quay.io", why: "another host" },
      { key: "a.b.other.io", why: "another host" },
      { key: "*.*.example", why: "another number of dots in the host" },
      { key: "reg.example/other", why: "another path" },
    ],
  });
});

test("Docker Hub's old key serves where nothing else does", () => {
  const keys = ["https://index.docker.io/v1/", "index.docker.io/team", "docker.io/team"];
  expect(lookUpKeys(keys, "docker.io/library/app").candidates).toEqual([keys[0]]);
  expect(lookUpKeys(keys, "docker.io/team/app").candidates).toEqual([keys[2]]);
});

test("a reference that can't be parsed gets nothing, and says so", () => {
  expect(lookUpKeys(["a"], undefined)).toEqual({
    candidates: [],
    passedOver: [{ key: "a", why: "the image reference can't be parsed" }],
  });
});

test("kubelets up to 1.31 take no name of more than 255 bytes", () => {
  const repository = `reg.example/${"a".repeat(244)}`;
  expect(lookUpKeys(["reg.example"], repository, "v1.31.0").candidates).toEqual([]);
  expect(lookUpKeys(["reg.example"], repository, "v1.32.0").candidates).toEqual(["reg.example"]);
});

/** The first patches whose .go-version is a Go with the strict parser: 1.24.9 there, 1.23.12 or 1.24.6 before. */
test.each([
  ["v1.30.14", true],
  ["1.30", true],
  ["v1.31.13", true],
  ["v1.31.14", false],
  ["v1.32.9+rke2r1", true],
  ["v1.32.10", false],
  ["v1.33.5-eks-1234567", true],
  ["v1.33.6", false],
  ["v1.34.1", true],
  ["v1.34.2+k3s1", false],
  ["1.34", false],
  ["v1.35.0", false],
  ["v1.37.2", false],
  ["v2.0.0", false],
  ["", false],
  [undefined, false],
])("brackets in the middle of a host: %s takes them: %s", (version, taken) => {
  const key = normalizeKey("reg[0-9].example", version);
  expect("registry" in key).toBe(taken);
});

test.each([
  ["reg.example/%", "it holds a % that begins no escape"],
  ["reg.example/%2525", { registry: "reg.example/%25" }],
  ["reg.example/%25", "read a second time, it holds a % that begins no escape"],
  ["reg.example:https", "its port is not a number"],
  ["us er@reg.example", "its login holds a character that none may"],
  ["reg .example", "its host holds a character that none may"],
  ["r%65g.example", "its host holds an escape that none may"],
  ["reg.example\n", "it holds a control character"],
  ["[::1", "its [ has no ]"],
  ["[10.0.0.1]", "brackets in a host may only hold an IPv6 address"],
  ["[fe80::1%25%2F]", "its zone holds a character that none may"],
  ["https://user:secret@REG.example:5000/v1/?x#y", { registry: "REG.example:5000" }],
])("the key %j is %j", (key, expected) => {
  expect(normalizeKey(key)).toEqual(typeof expected === "string" ? { why: expected } : expected);
});
