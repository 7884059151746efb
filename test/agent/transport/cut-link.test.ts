import pLimit from "p-limit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PullcastError } from "../../../agent/errors.ts";
import type { ExecOutcome } from "../../../agent/model.ts";
import { type CutProxyOptions, type Direction, startCutProxy } from "../../rig/cut-proxy.ts";
import { type Sshd, startSshd } from "../../rig/sshd.ts";
import { optionsFor, runCommand } from "../../rig/transport.ts";

let sshd: Sshd;

beforeAll(async () => {
  sshd = await startSshd();
});

afterAll(() => sshd.stop());

type Cut = NonNullable<CutProxyOptions["cut"]>;

const INPUT = "x".repeat(3000);
const WHOLE = `${"y".repeat(2000)}\n${INPUT}\ndone\n`;
const COMMAND = "head -c 2000 /dev/zero | tr '\\0' y; echo; cat; echo; echo done";

/** Runs the command through a proxy that misbehaves; an error must be one of ours. */
async function through(options: CutProxyOptions) {
  const proxy = await startCutProxy(sshd.port, options);
  try {
    const result: ExecOutcome | PullcastError = await runCommand(
      optionsFor(sshd, { port: proxy.port }),
      COMMAND,
      INPUT,
    ).catch((error: unknown) => {
      if (error instanceof PullcastError) return error;
      throw error;
    });
    return { result, passed: { ...proxy.passed } };
  } finally {
    await proxy.stop();
  }
}

/** Cuts spread over both directions, more closely towards the end, where the status travels. */
function sampleCuts(passed: Record<Direction, number>): Cut[] {
  return (["up", "down"] as const).flatMap((direction) =>
    Array.from({ length: 24 }, (_, index) => {
      const share = index < 12 ? index / 12 : 0.9 + (index - 12) / 120;
      const after = Math.floor(passed[direction] * share);
      return { direction, after, how: index % 2 === 0 ? "fin" : "rst" };
    }),
  );
}

type Fate = "whole" | "cut" | "wrong";

async function fateOf(cut: Cut): Promise<Fate> {
  const { result } = await through({ cut });
  if (result instanceof PullcastError || result.end.type === "lost") return "cut";
  const isWhole = result.end.type === "exit" && result.end.code === 0 && result.stdout === WHOLE;
  return isWhole ? "whole" : "wrong";
}

it("a cut at any byte never looks like success with less than the whole output", async () => {
  const whole = await through({});
  expect(whole.result).toEqual({ end: { type: "exit", code: 0 }, stdout: WHOLE, stderr: "" });
  const limit = pLimit(6);
  const fates = await limit.map(sampleCuts(whole.passed), fateOf);
  expect(fates.filter((fate) => fate === "wrong")).toEqual([]);
  expect(fates.filter((fate) => fate === "cut").length).toBeGreaterThan(30);
});

it("one byte in a segment, and a slow link, change nothing", async () => {
  for (const options of [{ sliceBytes: 1 }, { delayMs: 20 }]) {
    const { result } = await through(options);
    expect(result).toEqual({ end: { type: "exit", code: 0 }, stdout: WHOLE, stderr: "" });
  }
});
