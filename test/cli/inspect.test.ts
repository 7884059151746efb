import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { azureConfig, startScriptedAzure } from "../agent/registry/scripted-azure.ts";
import { buildCli, run } from "./process.ts";

const CANARY = "c4n4ry-p4ssw0rd";
const TOKEN = "c4n4ry-t0k3n";
const FORMATS = ["table", "wide", "json", "yaml", "name"] as const;

let build: Awaited<ReturnType<typeof buildCli>>;
let dir: string;
let file: string;

beforeAll(async () => {
  build = await buildCli();
});

afterAll(() => build.remove());

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-inspect-"));
  file = join(dir, "config.json");
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const base64 = (text: string) => Buffer.from(text).toString("base64");

async function save(config: object): Promise<void> {
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
}

function inspect(...args: readonly string[]) {
  const program = join(build.dir, "cli", "pullcast.cjs");
  const rest = ["--config", file, "--kubectl", "/nonexistent/kubectl", ...args];
  return run(program, ["inspect", ...rest]);
}

test("shows what push would send, what it leaves out and what is wrong", async () => {
  await save({
    auths: {
      "reg.example": { auth: base64(`robot:${CANARY}`) },
      "https://gcr.io": { auth: base64(`oauth2accesstoken:${CANARY}`) },
      "bad.example": { auth: CANARY },
      "reg.example:443": { auth: base64(`other:${CANARY}`) },
    },
  });
  const { code, stdout } = await inspect(
    "--fingerprint-salt",
    "test",
    "--except",
    "reg.example:443",
  );
  expect(code).toBe(0);
  expect(stdout.replaceAll(dir, "DIR")).toMatchInlineSnapshot(`
    "Push would send 2 credentials (169 bytes) from DIR/config.json.

    REGISTRY      USER                KIND               EXPIRES               FINGERPRINT
    gcr.io        oauth2accesstoken   gcp-access-token   unknown, at most 1h   8255acf0
    reg.example   robot               password           unknown               c06c33fc

    Left out reg.example:443: by --only or --except

    ! PC610 left out bad.example: its auth is not base64
      fix: docker login REGISTRY again, or remove the entry
    "
  `);
});

test("says why there are no fingerprints without a cluster, and goes on", async () => {
  await save({ auths: { "reg.example": { auth: base64(`robot:${CANARY}`) } } });
  const { code, stdout, stderr } = await inspect("-o", "json");
  expect(code).toBe(0);
  expect(stderr).toContain("PC673 no fingerprints: kubectl was not found");
  expect(JSON.parse(stdout)).toEqual({
    apiVersion: "pullcast.dev/v1alpha1",
    kind: "Inspection",
    source: file,
    result: "sound",
    sizeBytes: expect.any(Number),
    credentials: [
      {
        key: "reg.example",
        registry: "reg.example",
        username: "robot",
        kind: "password",
        expiresAt: "unknown",
        source: file,
      },
    ],
    leftOut: [],
    problems: [],
  });
});

test("ends with 6 for a credential that has ended, and shows it all the same", async () => {
  const token = ["RS256", "x"].map((alg) => base64(JSON.stringify({ alg, exp: 1 }))).join(".");
  await save({ auths: { "reg.example": { username: "u", password: `${token}.c2ln` } } });
  const { code, stdout } = await inspect("-o", "yaml");
  expect(code).toBe(6);
  const shown = parse(stdout);
  expect(shown.result).toBe("refused");
  expect(shown.credentials[0].expiresAt).toBe("1970-01-01T00:00:01.000Z");
  expect(shown.problems[0]).toMatchObject({ code: "PC670", severity: "error" });
});

test("ends with 6 for a warning with --strict", async () => {
  await save({ auths: { "reg.example:443": { auth: base64(`robot:${CANARY}`) } } });
  expect((await inspect()).code).toBe(0);
  expect((await inspect("--strict")).code).toBe(6);
});

test.each(FORMATS)("shows no password in any form as %s", async (format) => {
  await save({
    auths: {
      "reg.example": { auth: base64(`robot:${CANARY}`) },
      "reg.example/team": { username: "robot", password: `${CANARY}\n` },
      [`https://u:${CANARY}@login.example`]: { username: "u", password: CANARY },
      "token.example": { identitytoken: TOKEN },
      "void.example": { auth: CANARY },
      "https://index.docker.io/v1": { username: CANARY.length.toString(), password: CANARY },
    },
    HttpHeaders: { Authorization: CANARY },
  });
  const { stdout, stderr } = await inspect("-o", format, "--fingerprint-salt", "x", "-v");
  expect(stdout).toContain("reg.example");
  for (const secret of [CANARY, TOKEN, `robot:${CANARY}`, `u:${CANARY}`]) {
    const forms = [secret, base64(secret).replace(/=+$/, ""), encodeURIComponent(secret)];
    for (const form of forms) expect(stdout + stderr).not.toContain(form);
  }
});

test("--ca lets an identity token be exchanged at a registry whose CA nobody else knows", async () => {
  const azure = await startScriptedAzure(200);
  try {
    await writeFile(file, azureConfig(TOKEN), { mode: 0o600 });
    const env = { HTTPS_PROXY: azure.proxyUrl };
    const program = join(build.dir, "cli", "pullcast.cjs");
    const args = ["inspect", "--config", file, "--fingerprint-salt", "test", "-o", "name"];
    const without = await run(program, args, { env });
    expect(without.stderr).toContain("PC628");
    expect(without.code).toBe(6);
    const ended = await run(program, [...args, "--ca", azure.caFile], { env });
    expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: "scripted.azurecr.io\n" });
    expect(`${ended.stdout}${ended.stderr}`).not.toContain(TOKEN);
  } finally {
    await azure.close();
  }
});

test("a helper that fails hides nothing of the rest, and push would refuse", async () => {
  await save({
    auths: { "reg.example": { auth: base64(`robot:${CANARY}`) } },
    credHelpers: { "helped.example": "nobody-has-this" },
  });
  const { code, stdout } = await inspect("--fingerprint-salt", "test");
  expect(code).toBe(6);
  expect(stdout).toMatch(/^reg\.example +robot/m);
  expect(stdout).toMatch(/^error PC620 .*helped\.example/m);
  expect(stdout).toContain("--except helped.example");
  expect(stdout).toContain("Push would refuse this.");
});

test("keys that come to one registry are told apart", async () => {
  const auth = base64(`robot:${CANARY}`);
  await save({ auths: { "https://reg.example": { auth }, "reg.example": { auth } } });
  const { stdout } = await inspect("--fingerprint-salt", "test");
  expect(stdout).toMatch(/^https:\/\/reg\.example +robot/m);
  expect(stdout).toMatch(/^reg\.example +robot/m);
});
