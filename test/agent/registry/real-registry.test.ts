import { afterAll, beforeAll, expect, test } from "vitest";
import { readCa } from "../../../agent/registry/reach.ts";
import { parseReference } from "../../../agent/registry/reference.ts";
import { tryCredential } from "../../../agent/registry/try-credential.ts";
import { Secret } from "../../../agent/secret.ts";
import { startTokenRegistry, type TokenRegistry } from "../../rig/token-registry.ts";

const PASSWORD = "Canary-77aa-pass";

let registry: TokenRegistry;
beforeAll(async () => {
  registry = await startTokenRegistry({
    puller: { password: PASSWORD, may: { "team/app": ["pull"], "team/none": ["pull"] } },
    pusher: { password: PASSWORD, may: { "team/app": ["pull", "push"] } },
    nobody: { password: PASSWORD, may: {} },
  });
});
afterAll(() => registry?.close());

async function attempt(user: string, image?: string, password = PASSWORD) {
  const trial = await tryCredential({
    registry: registry.host,
    auth: new Secret(Buffer.from(`${user}:${password}`).toString("base64")),
    ca: await readCa(registry.caFile),
    signal: new AbortController().signal,
    ...(image === undefined ? {} : { image: parseReference(`${registry.host}/${image}`) }),
  });
  expect(JSON.stringify(trial)).not.toContain(PASSWORD);
  return trial;
}

test("a real registry takes the tokens that a login gets, and nothing without", async () => {
  expect(await attempt("puller")).toMatchObject({ result: "valid" });
  expect(await attempt("puller", undefined, "wrong")).toMatchObject({
    result: "denied",
    words: "HTTP 401: incorrect username or password",
  });
});

test.each([
  ["puller", "team/app:1", { result: "valid", image: "found", mayPush: false }],
  ["pusher", "team/app:1", { result: "valid", image: "found", mayPush: true }],
  ["puller", "team/none:1", { result: "valid", image: "not-found" }],
  ["nobody", "team/app:1", { result: "denied", image: "denied" }],
])("%s and %s: %j", async (user, image, expected) => {
  expect(await attempt(user, image)).toMatchObject(expected);
});

test("the login went to the token service alone, the registry saw tokens", () => {
  const logins = registry.tokens.requests.filter(({ authorization }) =>
    authorization?.startsWith("Basic "),
  );
  expect(logins.length).toBeGreaterThan(0);
  expect(registry.tokens.requests.every(({ url }) => url.startsWith("/token?service="))).toBe(true);
});
