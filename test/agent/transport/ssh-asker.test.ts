import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createSshAsker } from "../../../agent/transport/ssh-asker.ts";
import type { SshConfig } from "../../../agent/transport/transport.ts";

const NAMES = Array.from({ length: 30 }, (_, index) => `node-${index}`);

let dir: string;
let config: SshConfig;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-asker-"));
  const file = join(dir, "config");
  const lines = NAMES.map((name, index) => `Host ${name}\n  Port ${2000 + index}\n`);
  await writeFile(file, lines.join(""));
  config = { program: join(dir, "ssh"), file, options: [], homeDir: dir, env: {} };
});
beforeEach(async () => {
  await writeFile(join(dir, "log"), "");
  await sshThat("");
});
afterAll(() => rm(dir, { recursive: true }));

/** The real ssh, which notes who asks it and does something before. */
async function sshThat(does: string): Promise<void> {
  const lines = ["#!/bin/sh", `cat /proc/$PPID/comm >> '${dir}/log'`, does, 'exec ssh "$@"', ""];
  await writeFile(config.program, lines.join("\n"));
  await chmod(config.program, 0o755);
}

async function askers(): Promise<string[]> {
  return (await readFile(join(dir, "log"), "utf8")).trim().split("\n");
}

/** The port of each name, by ssh's answers. */
async function ports(): Promise<(string | undefined)[]> {
  const ask = createSshAsker(config);
  const answers = await Promise.all(NAMES.map(ask));
  return answers.map((answer) => answer?.get("port")?.[0]);
}

const RIGHT = NAMES.map((_, index) => String(2000 + index));

test("from the ninth name on shells ask, and each name gets its own answer", async () => {
  expect(await ports()).toEqual(RIGHT);
  expect((await askers()).filter((name) => name === "sh")).toHaveLength(NAMES.length - 8);
});

test("a shell is asked one name after another", async () => {
  await sshThat(`echo "$PPID" >> '${dir}/parents'`);
  const ask = createSshAsker(config);
  for (const name of NAMES) expect(await ask(name)).toBeDefined();
  const parents = (await readFile(join(dir, "parents"), "utf8")).trim().split("\n");
  // This process and one shell.
  expect(new Set(parents).size).toBe(2);
});

test("where a shell dies, processes of our own get the answers", async () => {
  await sshThat('[ "$(cat /proc/$PPID/comm)" != sh ] || kill -9 "$PPID"');
  expect(await ports()).toEqual(RIGHT);
});

test("a refusal is told in ssh's words, whoever asked", async () => {
  const refused = `case "$*" in *node-29) echo "no such thing" >&2; exit 255 ;; esac`;
  await sshThat(refused);
  const ask = createSshAsker(config);
  const answers = await Promise.allSettled(NAMES.map(ask));
  expect(answers.slice(0, -1).every(({ status }) => status === "fulfilled")).toBe(true);
  expect(answers.at(-1)).toMatchObject({
    reason: { code: "PC233", detail: "node-29: no such thing" },
  });
});

test("a name that could be a flag or a second line reaches no shell", async () => {
  const ask = createSshAsker(config);
  await Promise.all(NAMES.map(ask));
  for (const name of ["-oProxyCommand=x", "a\nb", "a b", "$(x)"]) {
    await expect(ask(name), name).rejects.toMatchObject({ code: "PC233" });
  }
  expect(await askers()).toHaveLength(NAMES.length);
});

test("without the program nothing is answered", async () => {
  const ask = createSshAsker({ ...config, program: join(dir, "missing") });
  const answers = await Promise.all(NAMES.map(ask));
  expect(answers.every((answer) => answer === undefined)).toBe(true);
});
