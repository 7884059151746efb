import { expect, test } from "vitest";
import type { LoadedConfig } from "../../../agent/credentials/model.ts";
import { judgeCredentials, refusalOf } from "../../../agent/operations/judge-credentials.ts";
import { loadCredentials } from "../../../agent/operations/load-credentials.ts";

const NOW = new Date("2026-11-24T12:00:00Z");
const MINUTE_MS = 60_000;

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const endingIn = (ms: number) => {
  const exp = (NOW.getTime() + ms) / 1000;
  return {
    username: "u",
    password: `${base64url({ alg: "RS256" })}.${base64url({ exp })}.c2ln`,
  };
};

/** What a push would send of these entries, given as text in the environment. */
function load(entries: Record<string, unknown>): Promise<LoadedConfig> {
  return loadCredentials(
    {
      env: { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: entries }) },
      homeDir: "/nonexistent",
      readStdin: async () => new Uint8Array(),
    },
    { kubectl: { program: "/nonexistent" }, signal: new AbortController().signal },
  );
}

const codes = (problems: readonly { code: string; severity: string }[]) =>
  problems.map(({ code, severity }) => `${severity} ${code}`);

test("what has ended is an error, what ends within 30 minutes a warning", async () => {
  const config = await load({
    "ended.example": endingIn(0),
    "soon.example": endingIn(30 * MINUTE_MS - 1000),
    "later.example": endingIn(30 * MINUTE_MS),
    "never.example": { username: "_json_key", password: "{}" },
  });
  const { problems } = judgeCredentials(config, NOW);
  expect(problems.map(({ code, severity, key }) => [code, severity, key])).toEqual([
    ["PC670", "error", "ended.example"],
    ["PC671", "warning", "soon.example"],
  ]);
  expect(problems[0]?.message).toContain("2026-11-24T12:00:00.000Z");
});

test("an error refuses a push in its own code, with its own fix", async () => {
  const config = await load({ "ended.example": endingIn(-1000), "also.example": endingIn(-1000) });
  const refusal = refusalOf(judgeCredentials(config, NOW).problems, false);
  expect(refusal?.code).toBe("PC670");
  expect(refusal?.message).toMatch(
    /^a credential has expired: also\.example ended at .*1 more error/,
  );
  expect(refusal?.fix).toContain("--except also.example");
});

test("warnings refuse a push only with --strict, and are named", async () => {
  const config = await load({
    "reg.example:443": { username: "u", password: "p" },
    "bad.example": { auth: "!" },
  });
  const { problems } = judgeCredentials(config, NOW);
  expect(codes(problems)).toEqual(["warning PC657", "warning PC610"]);
  expect(refusalOf(problems, false)).toBeUndefined();
  const refusal = refusalOf(problems, true);
  expect(refusal?.code).toBe("PC672");
  expect(refusal?.message).toMatch(/PC657.*reg\.example:443.*PC610.*bad\.example/);
});

test("a token beside a password is told: docker takes the one, a kubelet the other", async () => {
  const config = await load({
    "reg.example": { username: "u", password: "p", identitytoken: "t" },
  });
  expect(codes(judgeCredentials(config, NOW).problems)).toEqual(["warning PC653"]);
});

test("sound credentials pass --strict", async () => {
  const config = await load({ "reg.example": { username: "u", password: "p" } });
  expect(judgeCredentials(config, NOW).problems).toEqual([]);
  expect(refusalOf([], true)).toBeUndefined();
});

test("a push says of many keys with one fault one line", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `reg${index}.example:443`);
  const config = await load(
    Object.fromEntries(names.map((name) => [name, { username: "u", password: "p" }])),
  );
  const said = judgeCredentials(config, NOW).notices.filter(({ code }) => code === "PC657");
  expect(said).toHaveLength(1);
  expect(said[0]?.message).toMatch(/reg0\.example:443, .* and 2 more$/);
});
