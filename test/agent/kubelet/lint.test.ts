import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lintFile } from "../../../agent/kubelet/lint.ts";
import { readKubeletFile } from "../../../agent/kubelet/read-file.ts";
import { lookUpImage, parseRepository } from "../../../agent/operations/kubelet-lookup.ts";
import { readGolden } from "../../differential/golden.ts";
import { LARGE_PAIR, LINT_PAIRS, lintName } from "../../differential/lints.ts";

const context = { repositoryOf: parseRepository };
const golden = new Map((await readGolden()).map((one) => [one.name, one]));
const codesOf = (text: string, version?: string) =>
  lintFile(text, { ...context, ...(version === undefined ? {} : { version }) }).map(
    ({ code }) => code,
  );
const file = (entries: Record<string, unknown>) => JSON.stringify({ auths: entries });
const login = (username: string) => ({ username, password: "pw" });

describe.each(LINT_PAIRS)("$code: $name", (pair) => {
  test("is said of its key", () => {
    const found = lintFile(pair.text, context).filter(({ code }) => code === pair.code);
    const shown = pair.key?.replace(/.*@/, "");
    expect(found.map(({ key }) => key)).toEqual([shown]);
  });

  test("is what Kubernetes' own packages do", () => {
    const kept = golden.get(lintName(pair));
    const { valid, creds } = kept?.kubelet["1.35"] ?? { valid: undefined, creds: null };
    expect(valid).toBe(pair.isVoid !== true);
    if (pair.isVoid) return;
    const tried = creds?.map((list) => list.map(({ username }) => username));
    for (const [at, image] of Object.keys(pair.claims).entries()) {
      const claimed = pair.claims[image] ?? [];
      const inOrder = tried?.[at] ?? [];
      const sorted = claimed.some((one) => one.includes("|")) ? inOrder.toSorted() : inOrder;
      expect([image, sorted]).toEqual([image, claimed.flatMap((one) => one.split("|"))]);
    }
  });
});

test("a large file is warned about; that it works the differential test asks the kubelet's packages", () => {
  expect(codesOf(LARGE_PAIR.text)).toEqual(["PC666"]);
});

test("an ordinary file has nothing to say", () => {
  const ordinary = file({
    "https://index.docker.io/v1/": login("a"),
    "reg.example": login("b"),
    "https://reg.example:5000": login("c"),
    "ghcr.io/team/": login("d"),
    "*.dkr.ecr.*.amazonaws.com": login("AWS"),
    "[2001:db8::1]:5000": login("e"),
  });
  expect(codesOf(ordinary)).toEqual([]);
});

test("keys with one login are in nobody's way", () => {
  const same = login("a");
  const text = file({
    "reg.example": same,
    "https://reg.example": same,
    "reg.example/team/": same,
  });
  expect(codesOf(text)).toEqual([]);
  expect(codesOf(file({ "index.docker.io": same, "docker.io": same }))).toEqual([]);
});

test("brackets serve images of kubelets before Go forbade them", () => {
  const text = file({ "reg[0-9].example": login("a") });
  expect([codesOf(text, "1.35"), codesOf(text, "1.30")]).toEqual([["PC654"], []]);
});

test("an entry that serves nothing is an error only where nothing else is left", () => {
  const severities = (text: string) =>
    lintFile(text, context).map(({ code, severity }) => [code, severity]);
  const useless = { registry: login("a") };
  expect(severities(file(useless))).toEqual([["PC654", "error"]]);
  expect(severities(file({ ...useless, "reg.example": login("b") }))).toEqual([
    ["PC654", "warning"],
  ]);
});

test("errors come first", () => {
  const text = file({ "reg.example:443": login("a"), "bad.example": { auth: "!" } });
  expect(codesOf(text)).toEqual(["PC650", "PC657"]);
});

test("no problem shows a password, a token or a login in a key", () => {
  const secret = "c4n4ry";
  const text = file({
    [`user:${secret}@reg.example`]: { username: "u", password: secret },
    "reg.example/team": { username: "u", password: `${secret}\n` },
    "bad.example": { auth: secret },
    "token.example": { identitytoken: secret },
    "colon.example": { username: "u:v", password: secret },
    [`https://u:${secret}/x@Reg.Example/Team`]: { username: "u", password: secret },
  });
  const said = JSON.stringify(lintFile(text, context));
  expect(said).not.toContain(secret);
  expect(said).toContain("PC669");
});

const label = fc.constantFrom("reg", "a", "*", "**", "Reg", "docker", "io", "index", "", "x?");
const key = fc
  .tuple(
    fc.constantFrom("", "https://", "http://", "oci://"),
    fc.array(label, { minLength: 1, maxLength: 3 }),
    fc.constantFrom("", ":443", ":5000", ":"),
    fc.constantFrom("", "/", "/v1/", "/v2", "/team", "/team/", "/Team", "/*", "//x"),
  )
  .map(([scheme, labels, port, path]) => `${scheme}${labels.join(".")}${port}${path}`);
const image = fc
  .tuple(
    fc.array(fc.constantFrom("reg", "a", "io", "docker", "index", "Reg", "xa"), {
      minLength: 1,
      maxLength: 3,
    }),
    fc.constantFrom("", ":443", ":5000"),
    fc.constantFrom("/team/app", "/v2/app", "/app", "/team-b"),
  )
  .map(([labels, port, path]) => `${labels.join(".")}${port}${path}`);

test("a key of which it says that no image matches serves none", () => {
  fc.assert(
    fc.property(key, fc.array(image, { minLength: 20, maxLength: 20 }), (one, images) => {
      const text = file({ [one]: login("a") });
      const said = codesOf(text).includes("PC654");
      const read = readKubeletFile(text);
      const entries = read.valid ? read.entries : [];
      const served = images.some((name) => lookUpImage(entries, name).candidates.length > 0);
      expect(said && served).toBe(false);
    }),
    { numRuns: 2000 },
  );
});
