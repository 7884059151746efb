import { describe, expect, test } from "vitest";
import { findCommand } from "../../../cli/commands/catalog.ts";
import type { CommandContext } from "../../../cli/commands/command.ts";
import { parseArgv } from "../../../cli/options/parse-argv.ts";
import { agentWatchOptions, watchOptions } from "../../../cli/options/watch-options.ts";

async function contextOf(...argv: string[]): Promise<CommandContext> {
  const spec = findCommand("watch");
  if (spec === undefined) throw new Error("there is no watch");
  const host = {
    ...{ program: "pullcast", version: "0", argv: [], env: {}, homeDir: "/home/u" },
    stdout: { write: () => true },
    stderr: { write: () => true },
    readStdin: async () => new Uint8Array(),
    onStop: () => () => undefined,
    loadEngine: () => Promise.reject(new Error("nothing is run")),
    exit: () => undefined,
  };
  return {
    host,
    args: await parseArgv(spec, argv),
    signal: new AbortController().signal,
    report: () => undefined,
    hold: () => undefined,
    confirm: async () => true,
    present: async () => undefined,
  };
}

const ssh = async (...argv: string[]) => await watchOptions(await contextOf(...argv));
const secret = async (...argv: string[]) =>
  agentWatchOptions(await contextOf("--deliver", "secret", ...argv));
const FILE = ["--config", "c.json"];

describe("a watch's options", () => {
  test("defaults: a look every 10 minutes, at the source every 10 s, anew after two thirds of a life", async () => {
    const options = await ssh(...FILE);
    expect(options).toMatchObject({ resyncMs: 600_000, reloadMs: 10_000, refreshAt: 0.66 });
    expect(options).not.toHaveProperty("proof");
    expect(options).not.toHaveProperty("gate");
    expect(options).not.toHaveProperty("trustNew");
  });

  test("a gate names a taint, and when it opens without a proof", async () => {
    const proof = ["--verify", "--image", "r.example/i:1"];
    const options = await ssh(
      ...FILE,
      ...proof,
      "--gate",
      "a.b/c=d:NoSchedule",
      "--gate-open-after",
      "5m",
    );
    expect(options.gate).toEqual({
      taint: { key: "a.b/c", value: "d", effect: "NoSchedule" },
      openAfterMs: 300_000,
    });
  });

  test.each([
    [["watch has no source"], /named source/],
    [["--config", "-"], /again and again/],
    [[...FILE, "--gate", "k"], /needs --verify/],
    [[...FILE, "--gate-open-after", "5m"], /needs --gate/],
    [[...FILE, "--verify", "--image", "r/i", "--gate", "k:Never"], /no taint/],
    [[...FILE, "--refresh-at", "100%"], /no share/],
    [[...FILE, "--host-key-checking", "accept-new", "--no-node-check"], /needs the node check/],
    [[...FILE, "--image", "r/i"], /needs --verify/],
  ])("%s is refused", async (argv, words) => {
    await expect(ssh(...argv)).rejects.toThrow(words);
  });

  test("by the DaemonSet's Secret: its place, and nothing of SSH", async () => {
    expect(await secret(...FILE, "--agent", "ops/keeper")).toMatchObject({
      namespace: "ops",
      name: "keeper",
      reloadMs: 10_000,
    });
    await expect(secret(...FILE, "--agent", "keeper")).rejects.toThrow(/NAMESPACE\/NAME/);
    await expect(secret(...FILE, "--ssh-user", "root")).rejects.toThrow(/--deliver ssh/);
    await expect(secret(...FILE, "worker-1")).rejects.toThrow(/NODE is for --deliver ssh/);
  });
});
