import { expect, test } from "vitest";
import { type ItemsOptions, runItems } from "../../../agent/rollout/run-items.ts";

/** Items that end when the test says so. */
function gate() {
  const waiting = new Map<string, (result: string) => void>();
  const started: string[] = [];
  const arrivals: (() => void)[] = [];
  return {
    started,
    work: (item: string, signal: AbortSignal) =>
      new Promise<string>((resolve) => {
        started.push(item);
        waiting.set(item, resolve);
        signal.addEventListener("abort", () => resolve("cut"), { once: true });
        for (const arrive of arrivals.splice(0)) arrive();
      }),
    end: (item: string, result = "ok") => waiting.get(item)?.(result),
    async until(condition: () => boolean) {
      while (!condition()) await new Promise<void>((resolve) => arrivals.push(resolve));
    },
  };
}

function options(
  over: Partial<ItemsOptions<string, string>> &
    Pick<ItemsOptions<string, string>, "work" | "items">,
): ItemsOptions<string, string> {
  return { concurrency: 2, signal: new AbortController().signal, graceMs: 0, ...over };
}

test("no more than `concurrency` items run at once, and a freed slot is used", async () => {
  const { work, started, end, until } = gate();
  const run = runItems(options({ work, items: ["a", "b", "c"] }));
  await until(() => started.length === 2);
  expect(started).toEqual(["a", "b"]);
  end("b");
  await until(() => started.length === 3);
  end("a");
  end("c");
  const { results } = await run;
  expect([...results.keys()].sort()).toEqual(["a", "b", "c"]);
});

test("after an abort nothing new starts, running items end in their grace", async () => {
  const { work, started, end, until } = gate();
  const stop = new AbortController();
  const run = runItems(
    options({ work, items: ["a", "b", "c", "d"], signal: stop.signal, graceMs: 60_000 }),
  );
  await until(() => started.length === 2);
  stop.abort(new Error("stop"));
  end("a");
  end("b", "done in grace");
  const { results, notAttempted } = await run;
  expect(results.get("b")).toBe("done in grace");
  expect(notAttempted).toEqual(["c", "d"]);
});

test("once the run is over nothing new starts, running items end by themselves", async () => {
  const { work, started, end, until } = gate();
  let isOver = false;
  const run = runItems(options({ work, items: ["a", "b", "c"], isOver: () => isOver }));
  await until(() => started.length === 2);
  isOver = true;
  end("a");
  end("b");
  const { results, notAttempted } = await run;
  expect([...results.values()]).toEqual(["ok", "ok"]);
  expect(notAttempted).toEqual(["c"]);
});

test("an item that ignores the stop is aborted when its grace is over", async () => {
  const { work, started, until } = gate();
  const stop = new AbortController();
  const run = runItems(options({ work, items: ["a"], signal: stop.signal, graceMs: 1 }));
  await until(() => started.length === 1);
  stop.abort(new Error("stop"));
  expect((await run).results.get("a")).toBe("cut");
});

test("a retry gives its slot away while it waits, and stops at the limit", async () => {
  const tries: string[] = [];
  const waits: number[] = [];
  const { results } = await runItems(
    options({
      concurrency: 1,
      items: ["flaky", "fine"],
      work: async (item) => {
        tries.push(item);
        return item === "flaky" ? "retry me" : "ok";
      },
      retry: {
        limit: 2,
        shouldRetry: (result) => result === "retry me",
        delayMs: (attempt) => {
          waits.push(attempt);
          return 5;
        },
      },
    }),
  );
  expect(tries).toEqual(["flaky", "fine", "flaky", "flaky"]);
  expect(waits).toEqual([1, 2]);
  expect(results.get("flaky")).toBe("retry me");
});

test("a stop during a retry's wait keeps the last result", async () => {
  const stop = new AbortController();
  const { results, notAttempted } = await runItems(
    options({
      items: ["flaky"],
      signal: stop.signal,
      work: async () => "retry me",
      retry: {
        limit: 1,
        shouldRetry: () => true,
        delayMs: () => {
          queueMicrotask(() => stop.abort(new Error("stop")));
          return 60_000;
        },
      },
    }),
  );
  expect(results.get("flaky")).toBe("retry me");
  expect(notAttempted).toEqual([]);
});

test("a rejection of work is a bug and ends the run", async () => {
  const failing = runItems(
    options({
      items: ["a", "b"],
      concurrency: 1,
      work: async () => {
        throw new Error("bug");
      },
    }),
  );
  await expect(failing).rejects.toThrow("bug");
});
