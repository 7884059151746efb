import { expect, test } from "vitest";
import type { PullcastEvent } from "../../../agent/index.ts";
import { type Level, Progress } from "../../../cli/reporters/progress.ts";
import type { Sink } from "../../../cli/reporters/sink.ts";
import { IN_FORCE, pushReport, timedOut, verifyReport } from "../reports.ts";

/** What a reporter wrote, a status marked by `~`. */
class Recorder implements Sink {
  readonly live: boolean;
  readonly lines: string[] = [];

  constructor(live: boolean) {
    this.live = live;
  }

  line(text: string): void {
    this.lines.push(text);
  }

  status(text: string): void {
    if (this.live) this.lines.push(`~ ${text}`);
  }

  end(): void {
    if (this.live) this.lines.push("~");
  }
}

function told(events: readonly PullcastEvent[], { live = false, level = "normal" as Level } = {}) {
  const recorder = new Recorder(live);
  const progress = new Progress(recorder, { level, failures: !live });
  for (const event of events) progress.handle(event);
  progress.close();
  return recorder.lines.join("\n");
}

function planned(count: number): PullcastEvent {
  return {
    type: "planned",
    operation: "push",
    run: "r",
    context: { name: "prod-eu", server: "https://10.0.0.1:6443" },
    credentials: { source: "/home/u/.docker/config.json", entries: ["ghcr.io", "r.io"] },
    addressKinds: { InternalIP: count - 1, ExternalIP: 1 },
    targets: Array.from({ length: count }, (_, at) => ({
      name: `worker-${at + 1}`,
      host: `10.0.0.${at + 1}`,
      addressKind: "InternalIP",
    })),
    skipped: [
      { name: "win-1", code: "PC115", message: "Windows nodes are not served" },
      { name: "win-2", code: "PC115", message: "Windows nodes are not served" },
    ],
    concurrency: 32,
  };
}

const NOTICE: PullcastEvent = {
  type: "notice",
  notice: { code: "PC611", message: "every pod on a node may use these credentials" },
};

function finished(count: number, isBad: (at: number) => boolean): PullcastEvent[] {
  const items = Array.from({ length: count }, (_, at) =>
    isBad(at + 1) ? timedOut(`worker-${at + 1}`, `10.0.0.${at + 1}`) : {},
  );
  return pushReport(items).items.map((report) => ({ type: "node-finished", report }));
}

const RUN: readonly PullcastEvent[] = [
  NOTICE,
  planned(3),
  NOTICE,
  { type: "node-started", node: "worker-1" },
  ...finished(3, (at) => at === 2),
];

test("in a log: the plan, each notice once and after it, a line for each node", () => {
  expect(told(RUN)).toMatchInlineSnapshot(`
    "Context prod-eu (https://10.0.0.1:6443)
    Credentials /home/u/.docker/config.json: ghcr.io, r.io
    Pushing to 3 nodes, address 2 by InternalIP, 1 by ExternalIP
    Skipped 2: win-[1-2]: PC115 Windows nodes are not served
    ! PC611 every pod on a node may use these credentials
    worker-1: updated (0.8 s)
    worker-2: failed: PC203 the connection timed out: 10.0.0.2:22 after 10 s
    worker-3: updated (0.8 s)"
  `);
});

test("on a terminal: nodes move the status only, the table tells who failed", () => {
  expect(told(RUN, { live: true })).toMatchInlineSnapshot(`
    "Context prod-eu (https://10.0.0.1:6443)
    Credentials /home/u/.docker/config.json: ghcr.io, r.io
    Pushing to 3 nodes, address 2 by InternalIP, 1 by ExternalIP
    Skipped 2: win-[1-2]: PC115 Windows nodes are not served
    ! PC611 every pod on a node may use these credentials
    ~ 0 of 3 nodes done
    ~ 1 of 3 nodes done
    ~ 2 of 3 nodes done, 1 not well
    ~ 3 of 3 nodes done, 1 not well
    ~"
  `);
});

test("quiet: only what failed", () => {
  expect(told(RUN, { level: "quiet" })).toBe(
    "worker-2: failed: PC203 the connection timed out: 10.0.0.2:22 after 10 s",
  );
});

test("verbose: what carried the work to a node, and why", () => {
  const [first] = finished(1, () => false);
  if (first?.type !== "node-finished") throw new Error("no report");
  const choice = { transport: "openssh", transportReason: "id-cert.pub is a certificate" } as const;
  const events: PullcastEvent[] = [
    planned(2),
    { ...first, report: { ...first.report, ...choice } },
  ];
  const line = `${first.report.node}: by openssh: id-cert.pub is a certificate\n`;
  expect(told(events, { level: "verbose" })).toContain(line);
  expect(told(events)).not.toContain(line);
});

test("verbose: each step", () => {
  expect(told(RUN, { level: "verbose" })).toContain("\nworker-1: started\n");
});

test("in a log of 100 nodes: a line for each 5 %, at most 20 failures", () => {
  const lines = told([planned(100), ...finished(100, (at) => at % 2 === 0)]).split("\n");
  expect(lines.filter((line) => line.includes("%)"))).toHaveLength(20);
  expect(lines.filter((line) => line.includes("failed:"))).toHaveLength(20);
  expect(lines).toContain("more failures follow in the summary");
  expect(lines.at(-1)).toBe("100 of 100 nodes done, 50 not well (100 %)");
});

test("notices of a run that never had a plan are told all the same, but for what its header would say", () => {
  const early = { type: "notice", notice: { code: "PC610", message: "x is left out" } } as const;
  expect(told([early, NOTICE])).toBe("! PC610 x is left out");
});

test("waiting: once in a log while nothing changes, a countdown on a terminal", () => {
  const waiting = (nextTryMs: number): PullcastEvent => ({
    type: "waiting",
    nodes: ["worker-1", "worker-2"],
    until: IN_FORCE,
    nextTryMs,
  });
  const events = [waiting(20_000), waiting(10_000)];
  expect(told(events)).toBe(
    "not yet: 2 nodes (worker-[1-2]): an older file may be in use until 05:12:33",
  );
  expect(told(events, { live: true }).split("\n")).toEqual([
    expect.stringMatching(/^~ not yet: 2 nodes .*; next try in 20 s$/),
    expect.stringMatching(/^~ not yet: 2 nodes .*; next try in 10 s$/),
    "~",
  ]);
});

test("restarts, pulls, clean-up and interruption have their lines", () => {
  const [pull] = verifyReport([{ result: "denied", code: "PC401", message: "401" }]).items;
  if (pull === undefined) throw new Error("no item");
  const events: PullcastEvent[] = [
    { type: "restart", node: "worker-1", state: "restarting", done: 0, total: 2 },
    { type: "restart", node: "worker-1", state: "ready", done: 1, total: 2 },
    { type: "restart", node: "worker-2", state: "failed", done: 2, total: 2 },
    { type: "pull-finished", report: pull },
    { type: "cleaned", pods: 1 },
    { type: "interrupted", unfinished: ["worker-1", "worker-2"] },
  ];
  expect(told(events, { level: "verbose" })).toMatchInlineSnapshot(`
    "worker-1: kubelet is being restarted (0 of 2)
    worker-1: kubelet restarted (1 of 2)
    worker-2: kubelet restart failed (2 of 2)
    worker-1: denied: PC401 401
    removed 1 test pod
    Interrupted; unfinished: worker-[1-2]"
  `);
});

test("nothing that comes from outside steers the terminal", () => {
  const text = told(
    [
      { type: "node-started", node: "\u001b[2J\u202e" },
      { type: "notice", notice: { code: "PC610", message: "a\r\nb\u0007" } },
      { type: "interrupted", unfinished: ["\u009b1m"] },
    ],
    { level: "verbose" },
  );
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});
