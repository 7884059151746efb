import { expect, test } from "vitest";
import { fingerprint } from "../../../agent/credentials/fingerprint.ts";
import { Secret } from "../../../agent/secret.ts";

const entry = (key: string, login: string) => ({
  key,
  auth: new Secret(Buffer.from(login).toString("base64")),
});

test("equal entries have one fingerprint per salt, eight hex digits", async () => {
  const [one, again, elsewhere] = await Promise.all([
    fingerprint(entry("reg.example", "me:pw"), "cluster-a"),
    fingerprint(entry("reg.example", "me:pw"), "cluster-a"),
    fingerprint(entry("reg.example", "me:pw"), "cluster-b"),
  ]);
  expect(one).toMatch(/^[0-9a-f]{8}$/);
  expect(again).toBe(one);
  expect(elsewhere).not.toBe(one);
});

test("another key, user or password, or the same text cut elsewhere, is another fingerprint", async () => {
  const all = await Promise.all(
    [
      entry("reg.example", "me:pw"),
      entry("reg.example", "me:pw2"),
      entry("reg.example", "me2:pw"),
      entry("reg.example2", "me:pw"),
      entry("reg.example\nbWU6cHc=", "me:pw"),
      entry("reg.example", "m:e:pw"),
    ].map((one) => fingerprint(one, "salt")),
  );
  expect(new Set(all).size).toBe(all.length);
});

test("the function is fixed: what was noted last year still compares", async () => {
  expect(await fingerprint(entry("reg.example", "me:pw"), "cluster-a")).toMatchInlineSnapshot(
    `"5d6bd5ca"`,
  );
});
