import { describe, expect, it } from "vitest";
import { PullcastError } from "../../../agent/errors.ts";
import type { ClusterNode, Target } from "../../../agent/model.ts";
import type { NodeProgramReport } from "../../../agent/node/read-report.ts";
import {
  isUnfinished,
  nodeReport,
  type TryContext,
} from "../../../agent/operations/node-report.ts";
import type { NodeTry } from "../../../agent/operations/node-try.ts";
import type { KnownPush } from "../../../agent/operations/run-records.ts";

const target: Target = { name: "worker-1", host: "10.0.0.1", addressKind: "InternalIP" };
const NODE: ClusterNode = {
  ...{ name: "worker-1", uid: "uid-1", addresses: [], ready: true, unschedulable: false },
  ...{ labels: {}, annotations: {}, taints: [], providerId: "", runtime: "", os: "linux" },
  ...{ osImage: "", arch: "", kubeletVersion: "", machineId: "", systemUuid: "", bootId: "" },
};
const now = new Date("2026-11-24T05:00:00Z");
const FIVE_MINUTES_LATER = "2026-11-24T05:05:00.000Z";

type Done = Extract<NodeProgramReport, { status: "done" }>;

function done(fields: Partial<Done>): NodeTry {
  return {
    type: "answered",
    answer: {
      status: "done",
      what: "updated",
      path: "/var/lib/kubelet/config.json",
      pathProof: "proven",
      warnings: [],
      ...fields,
    },
  };
}

function refusedRestore(code: "PC317" | "PC326", detail: string): NodeTry {
  return {
    type: "answered",
    answer: {
      status: "failed",
      code,
      detail,
      began: true,
      path: "/var/lib/kubelet/config.json",
      pathProof: "proven",
      warnings: [],
    },
  };
}

const report = (tried: NodeTry, more: Partial<TryContext> = {}) =>
  nodeReport(target, { tried, lostBefore: false, durationMs: 12.4, now, ...more });

describe("a node that answered", () => {
  it("is updated, in force five minutes later at the latest", () => {
    expect(report(done({}))).toEqual({
      node: "worker-1",
      address: "10.0.0.1",
      result: "updated",
      path: "/var/lib/kubelet/config.json",
      pathProof: "proven",
      effectiveBy: FIVE_MINUTES_LATER,
      durationMs: 12,
    });
  });

  it("is unchanged: in force when the file's own five minutes are over, or already", () => {
    const young = report(done({ what: "unchanged", ageSeconds: 100 }));
    expect(young).toMatchObject({ result: "unchanged", effectiveBy: "2026-11-24T05:03:20.000Z" });
    const old = report(done({ what: "unchanged", ageSeconds: 300 }));
    expect(old.result).toBe("unchanged");
    expect(old.effectiveBy).toBeUndefined();
  });

  it("is unchanged and in force already where this machine restarted the kubelet after the file was written", () => {
    const restartedAgo = (seconds: number, more: Partial<KnownPush> = {}) => ({
      lastPush: {
        effectiveBy: new Date(now.getTime() - seconds * 1000),
        restarted: true,
        address: "10.0.0.1",
        ...more,
      },
    });
    const unchanged = done({ what: "unchanged", ageSeconds: 60 });
    const effectiveBy = (more: Partial<TryContext>) => report(unchanged, more).effectiveBy;
    expect(effectiveBy(restartedAgo(20))).toBeUndefined();
    // The file is younger than the restart, whatever the whole seconds of its age left out.
    const quick = (seconds: number) => ({ ...restartedAgo(seconds), durationMs: 500 });
    expect(effectiveBy(quick(61.4))).toBeUndefined();
    expect(effectiveBy(quick(61.6))).toBe("2026-11-24T05:04:00.000Z");
    expect(effectiveBy(restartedAgo(20, { restarted: false }))).toBe("2026-11-24T05:04:00.000Z");
    // A name that means another machine by now.
    expect(effectiveBy(restartedAgo(20, { address: "10.0.0.9" }))).toBeDefined();
    expect(report(done({}), restartedAgo(20)).effectiveBy).toBe(FIVE_MINUTES_LATER);
  });

  it("is in force no sooner than the last push or restore of this machine, however old the file", () => {
    const lastPush = {
      effectiveBy: new Date("2026-11-24T05:04:30Z"),
      restarted: false,
      address: "10.0.0.1",
    };
    for (const tried of [
      done({ what: "unchanged", ageSeconds: 9999 }),
      refusedRestore("PC317", "/x/.pullcast does not exist"),
    ]) {
      expect(report(tried, { lastPush }).effectiveBy).toBe("2026-11-24T05:04:30.000Z");
    }
  });

  it("has nothing that comes in force where nothing of ours was, but what this machine sent before", () => {
    const empty = done({ what: "unchanged" });
    if (empty.type === "answered" && empty.answer.status === "done") {
      const tried: NodeTry = { ...empty, answer: { ...empty.answer, isEmpty: true } };
      expect(report(tried).effectiveBy).toBeUndefined();
      const effectiveBy = new Date("2026-11-24T05:02:00Z");
      const lastPush: KnownPush = { effectiveBy, restarted: false, address: "10.0.0.1" };
      expect(report(tried, { lastPush }).effectiveBy).toBe("2026-11-24T05:02:00.000Z");
    }
  });

  it("is in force at once where a kubelet asks a provider, and not at all before it does", () => {
    const by = (provider: "on" | "due", what: "updated" | "unchanged") => {
      const plain = done({ what, ageSeconds: 1 });
      if (plain.type !== "answered" || plain.answer.status !== "done") return undefined;
      const told = report({ ...plain, answer: { ...plain.answer, provider } });
      return { effectiveBy: told.effectiveBy, provider: told.provider };
    };
    expect(by("on", "updated")).toEqual({ effectiveBy: now.toISOString(), provider: "on" });
    expect(by("on", "unchanged")).toEqual({ effectiveBy: undefined, provider: "on" });
    expect(by("due", "updated")).toEqual({ effectiveBy: undefined, provider: "due" });
  });

  it("counts a file from the future as new: the clock was set back", () => {
    const odd = report(done({ what: "unchanged", ageSeconds: -50 }));
    expect(odd.effectiveBy).toBe(FIVE_MINUTES_LATER);
  });

  it("is restored where a file came back, removed where none is left", () => {
    for (const what of ["restored", "removed"] as const) {
      expect(report(done({ what }))).toMatchObject({
        result: what,
        effectiveBy: FIVE_MINUTES_LATER,
      });
    }
  });

  it("says where what was there before is kept, after a push and after a restore", () => {
    const kept = "/var/lib/kubelet/.pullcast/kept-run-1";
    expect(report(done({ kept }))).toMatchObject({ kept, message: `restore brings back ${kept}` });
    for (const what of ["restored", "removed"] as const) {
      expect(report(done({ what, kept })).message).toBe(`what stood there is kept as ${kept}`);
    }
    expect(report(done({ kept }), { lostBefore: true }).message).toMatch(/lost once.*; restore/);
  });

  it.each(["does not exist", "holds no record"])(
    "is unchanged by a restore where .pullcast %s: nothing is left to restore",
    (words) => {
      const unchanged = report(refusedRestore("PC317", `/var/lib/kubelet/.pullcast ${words}`));
      expect(unchanged).toMatchObject({
        result: "unchanged",
        path: "/var/lib/kubelet/config.json",
        pathProof: "proven",
        message: expect.stringContaining("nothing is left to restore"),
      });
      expect(unchanged).not.toHaveProperty("code");
    },
  );

  it("is failed where the kept file can't be read", () => {
    const lost = report(refusedRestore("PC326", "/var/lib/kubelet/.pullcast/kept-run-1"));
    expect(lost).toMatchObject({ result: "failed", code: "PC326" });
    expect(lost.fix).toMatch(/on the node/);
  });

  it("is failed with the program's code, words and the table's fix", () => {
    const answer = { status: "failed", code: "PC301", detail: "/x/config.json" } as const;
    const tried: NodeTry = { type: "answered", answer: { ...answer, began: true, warnings: [] } };
    expect(report(tried)).toMatchObject({
      result: "failed",
      phase: "install",
      code: "PC301",
      message: expect.stringContaining("/x/config.json"),
      fix: expect.stringContaining("--replace"),
    });
  });
});

describe("a system without sshd", () => {
  const refused = new PullcastError("PC202", { phase: "connect", detail: "10.0.0.1:22" });
  const on = (osImage: string, error = refused) =>
    nodeReport(
      { ...target, node: { ...NODE, osImage } },
      {
        tried: { type: "unreached", error },
        ...{ lostBefore: false, durationMs: 1, now },
      },
    );

  it.each([
    ["Talos (v1.9.1)", "talosctl"],
    ["Bottlerocket OS 1.30.0 (aws-k8s-1.31)", "apiclient"],
  ])("%s is named, with its own way to registry logins", (osImage, tool) => {
    const told = on(osImage);
    expect(told).toMatchObject({ code: "PC268", phase: "connect", result: "failed" });
    expect(told.message).toContain(`it is ${osImage}, and the connection was refused: 10.0.0.1:22`);
    expect(told.fix).toContain(tool);
  });

  it("is no excuse where one answers, nor where sshd belongs to the system", () => {
    const unknown = new PullcastError("PC211", { phase: "host-key" });
    expect(on("Talos (v1.9.1)", unknown)).toMatchObject({ code: "PC211" });
    expect(on("Flatcar Container Linux by Kinvolk 3975.2.2")).toMatchObject({ code: "PC202" });
  });
});

describe("a lost link", () => {
  const lost: NodeTry = { type: "lost", detail: "the connection closed" };
  const refused = new PullcastError("PC202", { phase: "connect" });

  it("leaves the node unknown, never failed", () => {
    expect(report(lost)).toMatchObject({ result: "unknown", code: "PC322", phase: "exec" });
  });

  it("stays unknown where the next try can't even connect", () => {
    const next = report({ type: "unreached", error: refused }, { lostBefore: true });
    expect(next).toMatchObject({ result: "unknown", code: "PC322" });
    expect(report({ type: "unreached", error: refused })).toMatchObject({ result: "failed" });
  });

  it("is updated where the next try finds the file there", () => {
    const next = report(done({ what: "unchanged", ageSeconds: 2 }), { lostBefore: true });
    expect(next).toMatchObject({
      result: "updated",
      message: expect.stringContaining("lost once"),
    });
  });

  it("is restored where the next try finds nothing left to restore", () => {
    const tried = refusedRestore("PC317", "/var/lib/kubelet/.pullcast does not exist");
    expect(report(tried, { lostBefore: true })).toMatchObject({
      result: "restored",
      effectiveBy: FIVE_MINUTES_LATER,
    });
  });
});

describe("a run that was stopped", () => {
  it("did not attempt a node that had got nothing, and doesn't know of one that had", () => {
    expect(report({ type: "stopped", sent: false }).result).toBe("not-attempted");
    expect(report({ type: "stopped", sent: true }).result).toBe("unknown");
    expect(report({ type: "stopped", sent: false }, { lostBefore: true }).result).toBe("unknown");
  });
});

it("an interrupted run names nodes without an end, and those whose restart was left out or not awaited", () => {
  const ended = report(done({}));
  const warned = (code: "PC509" | "PC542" | "PC321") =>
    isUnfinished({ ...ended, warnings: [{ code, message: "m" }] });
  expect([isUnfinished(ended), warned("PC321")]).toEqual([false, false]);
  expect([warned("PC509"), warned("PC542")]).toEqual([true, true]);
  for (const result of ["not-attempted", "unknown"] as const) {
    expect(isUnfinished({ ...ended, result })).toBe(true);
  }
});

it("writes addresses as users do", () => {
  const at = (host: string, port?: number) =>
    nodeReport(
      { ...target, host, ...(port === undefined ? {} : { port }) },
      { tried: done({}), lostBefore: false, durationMs: 0, now },
    ).address;
  expect([at("10.0.0.1"), at("10.0.0.1", 2222), at("fd00::1"), at("fd00::1", 2222)]).toEqual([
    "10.0.0.1",
    "10.0.0.1:2222",
    "fd00::1",
    "[fd00::1]:2222",
  ]);
});
