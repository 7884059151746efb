import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { PullcastError } from "../../../agent/errors.ts";
import type { PullcastEvent } from "../../../agent/events.ts";
import type { ExecOutcome, NodeReport, Target } from "../../../agent/model.ts";
import { runOnNodes } from "../../../agent/operations/run-on-nodes.ts";
import type { Session, Transport } from "../../../agent/transport/transport.ts";
import { makeArena } from "../../rig/arena.ts";
import { installedDigest, installJob, newNodeConfig } from "../../rig/push-target.ts";
import { NEVER, targetOf } from "../../rig/transport.ts";
import { runProgram, type Shell } from "../node/shells.ts";

const SHELL: Shell = { name: "dash", argv: ["/bin/dash"] };

const arena = makeArena();
afterAll(arena.remove);
let dir: string;
beforeEach(() => {
  dir = arena.newDir();
});

/** What a link does to one connection: lets it pass, refuses it, or loses the answer before or after the work. */
type Fate = "pass" | "refuse" | "lose-answer" | "lose-upload";

/**
 * A stub for a link that breaks at a known moment, which no real one can be made to do.
 * The program itself runs for real, in this machine's shell.
 */
class StubBreakingTransport implements Transport {
  approve(): void {}

  connections = 0;
  readonly #fates: readonly Fate[];

  constructor(fates: readonly Fate[]) {
    this.#fates = fates;
  }

  async open(): Promise<Session> {
    const fate = this.#fates[this.connections] ?? "pass";
    this.connections += 1;
    if (fate === "refuse") throw new PullcastError("PC202", { phase: "connect" });
    return {
      user: "root",
      hostKeyFingerprint: "SHA256:none",
      run: async ({ command, input }) => {
        const send = fate === "lose-upload" ? { edit: dropEnd } : {};
        const outcome = await runProgram({ command, input }, { shell: SHELL, ...send });
        return fate === "pass" ? outcome : lose(outcome);
      },
      close: async () => undefined,
    };
  }

  chosen(): undefined {}

  async close(): Promise<void> {}
}

function dropEnd<Parts extends { readonly payload: Uint8Array }>(parts: Parts): Parts {
  return { ...parts, payload: parts.payload.subarray(0, 100) };
}

function lose({ stdout }: ExecOutcome): ExecOutcome {
  const begun = stdout.slice(0, stdout.indexOf("begin\n") + "begin\n".length);
  return { end: { type: "lost" }, stdout: begun, stderr: "" };
}

async function push(fates: readonly Fate[]) {
  const transport = new StubBreakingTransport(fates);
  const config = newNodeConfig();
  const target = targetOf("192.0.2.1");
  const events: PullcastEvent[] = [];
  const reports = await runOnNodes({
    transport,
    targets: [target],
    concurrency: 1,
    job: installJob(config, dir),
    signal: NEVER,
    report: (event) => events.push(event),
  });
  const report = reports.get(target) as NodeReport;
  const isNew = (await installedDigest(dir)) === config.digest;
  return { report, isNew, connections: transport.connections, events };
}

describe("a link that is lost while the node works", () => {
  it("is tried again: done the first time, the node is updated, not unchanged", async () => {
    const { report, isNew, connections } = await push(["lose-answer"]);
    expect(report).toMatchObject({
      result: "updated",
      message: expect.stringContaining("second try"),
    });
    expect([isNew, connections]).toEqual([true, 2]);
  });

  it("is tried again: half an upload changed nothing, the second is whole", async () => {
    const { report, isNew } = await push(["lose-upload"]);
    expect(report.result).toBe("updated");
    expect(isNew).toBe(true);
  });

  it("leaves the node unknown if it can't be reached any more, though the file may be there", async () => {
    const { report, isNew, connections } = await push(["lose-answer", "refuse", "refuse"]);
    expect(report).toMatchObject({ result: "unknown", code: "PC322" });
    expect([isNew, connections]).toEqual([true, 3]);
  });

  it("leaves the node unknown after three losses", async () => {
    const { report, connections } = await push(["lose-upload", "lose-upload", "lose-upload"]);
    expect(report.result).toBe("unknown");
    expect(connections).toBe(3);
  });
});

it("a node that refuses connections is tried three times, then failed; its end is told once", async () => {
  const { report, connections, events } = await push(["refuse", "refuse", "refuse"]);
  expect(report).toMatchObject({ result: "failed", code: "PC202", phase: "connect" });
  expect(connections).toBe(3);
  expect(events.map(({ type }) => type)).toEqual(["node-started", "node-finished"]);
});

/** A stub for a cluster whose nodes refuse logins, or don't, as told. */
class StubRefusingTransport implements Transport {
  async open(target: Target): Promise<Session> {
    const [code = "PC221"] = target.name.match(/PC\d+/) ?? [];
    throw new PullcastError(code as "PC221", { phase: "auth", detail: target.name });
  }

  approve(): void {}

  chosen(): undefined {}

  async close(): Promise<void> {}
}

async function resultsOf(names: readonly string[], breaker?: boolean): Promise<string[]> {
  const reports = await runOnNodes({
    transport: new StubRefusingTransport(),
    targets: names.map((name) => ({ ...targetOf("192.0.2.1"), name })),
    concurrency: 1,
    job: installJob(newNodeConfig(), dir),
    signal: NEVER,
    report: () => undefined,
    ...(breaker === undefined ? {} : { breaker }),
  });
  return [...reports.values()].map(({ result, code }) => `${result} ${code}`);
}

const REFUSED = "failed PC221";

describe("a cause that no further try mends", () => {
  it("ends the run after three nodes in a row, and the rest say why they were not attempted", async () => {
    const results = await resultsOf(["a", "b", "c", "d", "e"]);
    expect(results).toEqual([...Array(3).fill(REFUSED), ...Array(2).fill("not-attempted PC255")]);
  });

  it("doesn't end the run where another cause comes between", async () => {
    const results = await resultsOf(["a", "b", "PC211", "c", "d", "PC211", "e"]);
    expect(results.filter((result) => result.startsWith("failed"))).toHaveLength(7);
  });

  it("doesn't end the run where that is not wanted", async () => {
    expect(await resultsOf(["a", "b", "c", "d", "e"], false)).toEqual(Array(5).fill(REFUSED));
  });
});
