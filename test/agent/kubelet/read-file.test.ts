import { inspect } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readEntries } from "../../../agent/kubelet/read-entries.ts";
import { readKubeletFile } from "../../../agent/kubelet/read-file.ts";

const AUTH = Buffer.from("user:se:cret").toString("base64");

function fileOf(entries: string): string {
  return `{"auths":${entries}}`;
}

test("an entry is shown decoded, with its bytes and what the kubelet makes of its key", () => {
  const file = readKubeletFile(fileOf(`{"https://reg.example/v2/team":{"auth":"${AUTH}"}}`));
  expect(file).toMatchObject({
    valid: true,
    ignored: [],
    entries: [
      { key: "https://reg.example/v2/team", registry: "reg.example/team", username: "user" },
    ],
  });
  if (!file.valid) return;
  expect(file.entries[0]?.password.reveal()).toBe("se:cret");
  expect(file.entries[0]?.auth.reveal()).toBe(AUTH);
});

test("one bad entry voids the file and is named; a key that is no address leaves the others alone", () => {
  expect(readKubeletFile(fileOf(`{"a":{"auth":"${AUTH}"},"b":{"auth":"!"}}`))).toEqual({
    valid: false,
    why: "its auth is not base64",
    key: "b",
  });
  expect(readKubeletFile(fileOf(`{"a":{"auth":"${AUTH}"},"b/%zz":{}}`))).toMatchObject({
    valid: true,
    entries: [{ key: "a" }],
    ignored: [{ key: "b/%zz", why: "it holds a % that begins no escape" }],
  });
});

test.each([
  ["{", "it is not JSON at 1:2"],
  ['{\n"auths": {}}}', "it is not JSON at 2:13"],
  ["[]", "the file is not an object"],
  ['{"auths":3}', "auths is not an object"],
  ['{"HttpHeaders":[]}', "HttpHeaders is not an object"],
  ['{"HttpHeaders":{"A":1}}', "a value of HttpHeaders is not text"],
  [`${"[".repeat(10_001)}${"]".repeat(10_001)}`, "it nests deeper than 10,000 levels"],
])("%.30j is void: %s", (text, why) => {
  expect(readKubeletFile(text)).toEqual({ valid: false, why });
});

test("each entry is judged on its own, with the names of fields the kubelet does not know", () => {
  const { entries, faults } = readEntries(
    fileOf(`{"a":{"auth":"!"},"b":{"identitytoken":"x","Auth":"${AUTH}","b":1},"c":7}`),
  );
  expect(faults).toEqual([]);
  expect(entries).toMatchObject([
    { key: "a", readable: false, why: "its auth is not base64", others: [] },
    { key: "b", readable: true, username: "user", others: ["identitytoken", "b"] },
    { key: "c", readable: false, why: "it is not an object" },
  ]);
});

test("an entry that a later one of the same key replaces is told", () => {
  const { entries } = readEntries(fileOf('{"a":{},"b":{},"a":{"username":"x"}}'));
  expect(entries.map(({ key, replaced }) => [key, replaced])).toEqual([
    ["a", true],
    ["b", undefined],
    ["a", undefined],
  ]);
});

test("no word about a file holds a part of it but keys and names of fields", () => {
  const secret = "S3CRET";
  const value = fc.constantFrom(
    ...[`"${secret}"`, `"${secret}=="`, `["${secret}"]`, `{"x":"${secret}"}`, secret],
    `"${Buffer.from(`u:${secret}`).toString("base64")}"`,
  );
  const field = fc.constantFrom("auth", "username", "password", "email", "identitytoken");
  const entry = fc
    .array(fc.tuple(field, value), { maxLength: 4 })
    .map((pairs) => `{${pairs.map(([name, text]) => `"${name}":${text}`).join(",")}}`);
  fc.assert(
    fc.property(fc.oneof(entry, value), fc.nat(3), (text, cut) => {
      const file = fileOf(`{"reg.example":${text}}`);
      const told = [readKubeletFile(file.slice(0, file.length - cut)), readEntries(file)];
      for (const one of told) {
        const shown = JSON.stringify(one) + inspect(one, { depth: 9 });
        expect(shown.replaceAll(/"?username"?: ?.S3CRET(==)?./g, "")).not.toContain(secret);
      }
    }),
  );
});
