import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { NodeReport, PushReport } from "../../../agent/model.ts";
import { newRunId, runStart } from "../../../agent/operations/run-id.ts";
import { lastPushes, saveRun } from "../../../agent/operations/run-records.ts";

let stateDir: string;
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "pullcast-records-"));
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

const NOW = new Date("2026-11-24T05:00:00Z");
const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

function pushed(started: Date, items: readonly Partial<NodeReport>[]): PushReport {
  return {
    kind: "PushReport",
    credentials: [],
    run: newRunId(started),
    startedAt: started.toISOString(),
    durationMs: 1,
    interrupted: false,
    items: items.map((item) => ({
      node: "n",
      address: "10.0.0.1",
      result: "updated",
      durationMs: 1,
      ...item,
    })),
  };
}

test("records are for their owner alone", async () => {
  const path = await saveRun(stateDir, pushed(NOW, []));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(stateDir, "runs"))).mode & 0o777).toBe(0o700);
});

test("the latest run decides when a node's file is in force, even if that is earlier", async () => {
  await saveRun(
    stateDir,
    pushed(minutesAgo(2), [{ uid: "u1", effectiveBy: "2026-11-24T05:03:00Z" }]),
  );
  await saveRun(
    stateDir,
    pushed(minutesAgo(1), [{ uid: "u1", effectiveBy: "2026-11-24T04:59:10Z", restarted: true }]),
  );
  const lastPush = await lastPushes(stateDir, NOW);
  expect(lastPush({ uid: "u1", name: "n" })).toEqual({
    effectiveBy: new Date("2026-11-24T04:59:10Z"),
    restarted: true,
    address: "10.0.0.1",
  });
  expect(lastPush({ uid: "u2", name: "n" })).toBeUndefined();
});

test("without a UID the name decides, and a UID never matches a name", async () => {
  await saveRun(stateDir, pushed(NOW, [{ node: "w1", effectiveBy: "2026-11-24T05:05:00Z" }]));
  const lastPush = await lastPushes(stateDir, NOW);
  expect(lastPush({ name: "w1" })).toMatchObject({
    effectiveBy: new Date("2026-11-24T05:05:00Z"),
    restarted: false,
  });
  expect(lastPush({ uid: "w1", name: "w1" })).toBeUndefined();
});

test("old, broken and foreign files count as none", async () => {
  await saveRun(
    stateDir,
    pushed(minutesAgo(30), [{ uid: "u1", effectiveBy: "2026-11-24T04:35:00Z" }]),
  );
  await writeFile(join(stateDir, "runs", `${newRunId(NOW)}.json`), "{ torn");
  await writeFile(join(stateDir, "runs", "notes.json"), "{}");
  const lastPush = await lastPushes(stateDir, NOW);
  expect(lastPush({ uid: "u1", name: "n" })).toBeUndefined();
  expect((await lastPushes(join(stateDir, "absent"), NOW))({ name: "n" })).toBeUndefined();
});

test("only the newest 50 records stay", async () => {
  for (let minute = 60; minute > 0; minute -= 1) {
    await saveRun(stateDir, pushed(minutesAgo(minute), []));
  }
  const names = (await readdir(join(stateDir, "runs"))).sort();
  expect(names).toHaveLength(50);
  expect(runStart(names[0]?.slice(0, -5) ?? "")).toEqual(minutesAgo(50));
});
