import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LoadedConfig } from "../../../../agent/credentials/model.ts";
import type { PullcastEvent } from "../../../../agent/events.ts";
import { keepCredentials, loadFirst } from "../../../../agent/operations/watch/keep-credentials.ts";
import { scriptedGateway } from "../../cluster/scripted-gateway.ts";

let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-keep-"));
  file = join(dir, "config.json");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const basic = (user: string, password: string) =>
  Buffer.from(`${user}:${password}`).toString("base64");
const write = (auths: Record<string, string>, more: object = {}) =>
  writeFile(
    file,
    JSON.stringify({
      ...more,
      auths: Object.fromEntries(Object.entries(auths).map(([key, auth]) => [key, { auth }])),
    }),
  );

/** A token that ends so many ms from now, as far as anybody can read it. */
function jwt(lifeMs: number, mark = ""): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ exp: (Date.now() + lifeMs) / 1000, mark })}.x`;
}

/** Keeps what stands in the file until `script` has ended; returns what was told. */
async function keep(script: (told: Told) => Promise<void>): Promise<Told> {
  const stop = new AbortController();
  const source = {
    inputs: [{ type: "file", path: file }] as const,
    readStdin: async () => new Uint8Array(),
    env: { PATH: `${dir}:/usr/bin:/bin` },
    homeDir: dir,
  };
  const told = new Told();
  const asked = {
    source,
    kubectl: { program: "none" },
    report: (event: PullcastEvent) => told.event(event),
    signal: stop.signal,
  };
  const keeping = keepCredentials({
    ...asked,
    gateway: scriptedGateway({ answers: [] }),
    first: await loadFirst(asked),
    reloadMs: 10,
    refreshAt: 0.5,
    random: () => 0,
    onCredentials: (config) => told.config(config),
  });
  try {
    await Promise.race([script(told), keeping]);
  } finally {
    stop.abort();
    await keeping;
  }
  return told;
}

/** What was told so far, and who waits for more. */
class Told {
  readonly configs: LoadedConfig[] = [];
  readonly events: PullcastEvent[] = [];
  #wake: () => void = () => undefined;

  config(config: LoadedConfig): void {
    this.configs.push(config);
    this.#wake();
  }

  event(event: PullcastEvent): void {
    if (event.type === "notice") return;
    this.events.push(event);
    this.#wake();
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  last(): PullcastEvent | undefined {
    return this.events.at(-1);
  }
}

test("a file that changed is read at once, and told where it says something new", async () => {
  await write({ "a.example": basic("u", "one") });
  const { configs } = await keep(async (told) => {
    await write({ "a.example": basic("u", "two") });
    await told.until(() => told.configs.length === 1);
    // The same in other words is nothing new.
    await write({ "a.example": basic("u", "two") }, { HttpHeaders: {} });
    await told.until(() => told.events.length === 3);
    await write({ "a.example": basic("u", "two"), "b.example": basic("u", "b") });
    await told.until(() => told.configs.length === 2);
  });
  expect(configs.map(({ entries }) => entries)).toEqual([
    ["a.example"],
    ["a.example", "b.example"],
  ]);
});

test("a credential helper is asked again at a part of its token's life", async () => {
  const helper = join(dir, "docker-credential-short");
  await writeFile(
    helper,
    `#!/bin/sh\ncat >/dev/null\nread -r token <${dir}/token\nprintf '{"Username":"u","Secret":"%s"}' "$token"\n`,
    { mode: 0o755 },
  );
  await writeFile(join(dir, "token"), jwt(4000, "one"));
  await write({}, { credHelpers: { "a.example": "short" } });
  const began = Date.now();
  const { configs } = await keep(async (told) => {
    await writeFile(join(dir, "token"), jwt(60_000, "two"));
    await told.until(() => told.configs.length === 1);
  });
  expect(configs).toHaveLength(1);
  expect(Date.now() - began).toBeGreaterThan(900);
});

test("while the source is broken the last good one stays, until it is mended", async () => {
  await write({ "a.example": basic("u", jwt(600_000)) });
  const { configs, events } = await keep(async (told) => {
    await writeFile(file, "{");
    await told.until(() => told.last()?.type === "credentials-failed");
    await write({ "a.example": basic("u", "new") });
    await told.until(() => told.configs.length === 1);
  });
  const failed = events.find(({ type }) => type === "credentials-failed");
  expect(failed).toMatchObject({ cause: { code: "PC603" }, failures: 1 });
  expect(failed).toHaveProperty("lastGoodUntil");
  expect(configs).toHaveLength(1);
});

test("what one helper can't tell now stays as it was, and the rest is renewed", async () => {
  const helper = join(dir, "docker-credential-flaky");
  const answer = `cat >/dev/null; printf '{"Username":"u","Secret":"kept"}'`;
  await writeFile(helper, `#!/bin/sh\n${answer}\n`, { mode: 0o755 });
  const helpers = { credHelpers: { "a.example": "flaky" } };
  await write({ "b.example": basic("u", "one") }, helpers);
  const { configs, events } = await keep(async (told) => {
    await writeFile(helper, "#!/bin/sh\nexit 1\n");
    await write({ "b.example": basic("u", "two") }, helpers);
    await told.until(() => told.configs.length === 1);
  });
  const text = Buffer.from(configs[0]?.bytes.reveal() ?? []).toString();
  expect(text).toContain(basic("u", "kept"));
  expect(text).toContain(basic("u", "two"));
  expect(events.at(-1)).toMatchObject({ type: "credentials-loaded", kept: [{ code: "PC621" }] });
});
