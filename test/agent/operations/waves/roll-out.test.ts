import { expect, test } from "vitest";
import type { PullcastEvent } from "../../../../agent/events.ts";
import type { NodeReport, NodeResult, Target, WavePause } from "../../../../agent/model.ts";
import { type RollOutOptions, rollOut } from "../../../../agent/operations/waves/roll-out.ts";
import { FailureLimit } from "../../../../agent/rollout/failure-limit.ts";

const target = (name: string): Target => ({ name, host: name, addressKind: "given" });

function rig(
  waves: readonly string[],
  fields: Partial<RollOutOptions> & { readonly results?: Record<string, NodeResult> } = {},
) {
  const { results = {}, ...options } = fields;
  const failures = options.failures ?? new FailureLimit<string>(0);
  const events: PullcastEvent[] = [];
  const begun: string[] = [];
  const recorded: number[] = [];
  const run = () =>
    rollOut({
      waves: waves.map((names) => names.split(" ").map(target)),
      failures,
      work: async ({ targets }) => {
        const reports = new Map<Target, NodeReport>();
        for (const one of targets) {
          begun.push(one.name);
          const result = results[one.name] ?? "updated";
          if (result === "failed") failures.add(one.name);
          reports.set(one, { node: one.name, address: "", result, durationMs: 1 });
        }
        return reports;
      },
      record: async ({ reports }) => void recorded.push(reports.size),
      signal: new AbortController().signal,
      report: (event) => void events.push(event),
      ...options,
    });
  return { run, events, begun, recorded };
}

const resultsOf = (reports: ReadonlyMap<Target, NodeReport>) =>
  [...reports.values()].map(({ node, result, wave }) => `${node} ${result} ${wave ?? "-"}`);

test("waves follow each other, and each report tells its wave", async () => {
  const { run, events, recorded } = rig(["a", "b c"]);
  const { reports, waves, stopped } = await run();
  expect(resultsOf(reports)).toEqual(["a updated 1", "b updated 2", "c updated 2"]);
  expect(waves.map(({ nodes, failed }) => [nodes, failed])).toEqual([
    [1, 0],
    [2, 0],
  ]);
  expect(stopped).toBeUndefined();
  expect(events.map(({ type }) => type)).toEqual([
    ...["wave-started", "wave-finished", "wave-started", "wave-finished"],
  ]);
  // At the beginning too: a run that is killed in its first wave may be gone on with.
  expect(recorded).toEqual([0, 1]);
});

test("one wave alone is not spoken of", async () => {
  const { run, events, recorded } = rig(["a b"]);
  const { reports } = await run();
  expect(resultsOf(reports)).toEqual(["a updated -", "b updated -"]);
  expect([...events, ...recorded]).toEqual([]);
});

test("a failure too many begins no further wave, and the nodes left say why", async () => {
  const { run, begun, events } = rig(["a", "b c", "d"], { results: { a: "failed" } });
  const { reports, stopped } = await run();
  expect(begun).toEqual(["a"]);
  expect(stopped?.code).toBe("PC140");
  const left = [...reports.values()].slice(1);
  expect(left.map(({ result, code, wave }) => [result, code, wave])).toEqual([
    ["not-attempted", "PC140", 2],
    ["not-attempted", "PC140", 2],
    ["not-attempted", "PC140", 3],
  ]);
  expect(events.filter(({ type }) => type === "node-finished")).toHaveLength(3);
});

test("failures within the limit go on", async () => {
  const failures = new FailureLimit<string>(1);
  const { run, begun } = rig(["a", "b"], { results: { a: "failed" }, failures });
  expect((await run()).stopped).toBeUndefined();
  expect(begun).toEqual(["a", "b"]);
});

test("a pause ends the run before the next wave, unless somebody says yes", async () => {
  const asked: number[] = [];
  const mayGoOn =
    (yes: boolean) =>
    async ({ ended, nextNodes }: WavePause) => {
      asked.push(ended.wave, nextNodes);
      return yes;
    };
  const paused = rig(["a", "b"], { mayGoOn: mayGoOn(false) });
  const { reports, stopped } = await paused.run();
  expect(stopped?.code).toBe("PC141");
  expect(resultsOf(reports)).toEqual(["a updated 1", "b not-attempted 2"]);
  const going = rig(["a", "b"], { mayGoOn: mayGoOn(true) });
  expect((await going.run()).stopped).toBeUndefined();
  // After the last wave there is nothing to ask about.
  expect(asked).toEqual([1, 1, 1, 1]);
});

test("after an abort no wave begins, and that is no failure of the nodes", async () => {
  const stop = new AbortController();
  stop.abort();
  const { run, begun } = rig(["a", "b"], { signal: stop.signal });
  const { reports, stopped } = await run();
  expect(begun).toEqual([]);
  expect(stopped).toBeUndefined();
  expect(resultsOf(reports)).toEqual(["a not-attempted 1", "b not-attempted 2"]);
});
