import { describe, expect, test } from "vitest";
import { servesImage } from "../../../agent/kubelet/look-up.ts";
import {
  composeProviderConfig,
  readProviderConfig,
} from "../../../agent/kubelet/provider-config.ts";
import { Secret } from "../../../agent/secret.ts";

const read = (...texts: string[]) =>
  readProviderConfig(
    texts.map((text, at) => ({ path: `/etc/${at}.yaml`, content: new Secret(Buffer.from(text)) })),
  );
const config = (...providers: object[]) =>
  JSON.stringify({
    apiVersion: "kubelet.config.k8s.io/v1",
    kind: "CredentialProviderConfig",
    providers,
  });
const ecr = {
  name: "ecr",
  matchImages: ["*.dkr.ecr.*.amazonaws.com"],
  defaultCacheDuration: "12h",
};

test("providers of all files, in their order, without what may be secret", async () => {
  const secret = { ...ecr, args: ["--token=canary"], env: [{ name: "A", value: "canary" }] };
  const found = await read(config(secret), config({ ...ecr, name: "b" }));
  expect(found).toEqual({ providers: [ecr, { ...ecr, name: "b" }], faults: [] });
});

test.each<[string, string[]]>([
  ["it is neither YAML nor JSON", ["a: ]canary"]],
  ["its kind is not CredentialProviderConfig", ["kind: Secret"]],
  ["its apiVersion is not kubelet.config.k8s.io/v1", ["kind: CredentialProviderConfig"]],
  ["the provider ecr has no matchImages", [config({ ...ecr, matchImages: [] })]],
  ["the provider ecr has no defaultCacheDuration", [config({ ...ecr, defaultCacheDuration: 0 })]],
  ["a provider has no usable name", [config({ ...ecr, name: "../sh" })]],
  ["the provider ecr stands there twice", [config(ecr), config(ecr)]],
  ["it names no provider", [config()]],
])("a kubelet does not start where %s", async (fault, texts) => {
  const { faults } = await read(...texts);
  expect(faults.join()).toContain(fault);
  expect(faults.join()).not.toContain("canary");
});

describe("a pattern of a provider", () => {
  test.each([
    ["*.dkr.ecr.*.amazonaws.com", "1.dkr.ecr.eu-west-1.amazonaws.com/app", true],
    ["*.dkr.ecr.*.amazonaws.com", "1.dkr.ecr.eu-west-1.amazonaws.com.cn/app", false],
    ["reg.io:5000", "reg.io/app", false],
    ["reg.io/team", "reg.io/team-b/app", true],
    // Not as keys of a file: a scheme is no part of it, and Docker Hub has no second name.
    ["https://reg.io", "reg.io/app", false],
    ["index.docker.io", "docker.io/library/app", false],
  ])("%s serves %s: %s", (pattern, repository, serves) => {
    expect(servesImage(pattern, repository)).toBe(serves);
  });
});

const own = { name: "pullcast", matchImages: ["*", "*.*"] };
const text = async (others?: string) =>
  Buffer.from(
    (
      await composeProviderConfig(
        own,
        others === undefined ? undefined : new Secret(Buffer.from(others)),
      )
    ).reveal(),
  ).toString();

test("a list of our own is one that a kubelet reads", async () => {
  expect(await read(await text())).toEqual({
    providers: [{ ...own, defaultCacheDuration: "0s" }],
    faults: [],
  });
});

test.each(["JSON", "YAML"])("a %s list of others gets ours and keeps all else", async (form) => {
  const secret = { ...ecr, env: [{ name: "A", value: "canary" }], tokenAttributes: { x: true } };
  const others =
    form === "JSON"
      ? config(secret)
      : `# ours\napiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n- name: ecr\n  matchImages: ["*.dkr.ecr.*.amazonaws.com"]\n  defaultCacheDuration: 12h # long\n  env: [{name: A, value: canary}]\n`;
  const merged = await text(others);
  const { providers, faults } = await read(merged);
  expect(faults).toEqual([]);
  expect(providers.map(({ name }) => name)).toEqual(["ecr", "pullcast"]);
  expect(merged).toContain("canary");
});
