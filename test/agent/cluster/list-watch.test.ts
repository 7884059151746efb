import { expect, test } from "vitest";
import type { ApiAnswer } from "../../../agent/cluster/gateway-contract.ts";
import { listAndWatch } from "../../../agent/cluster/list-watch.ts";
import { PullcastError } from "../../../agent/errors.ts";
import { type ScriptedWatch, scriptedGateway } from "./scripted-gateway.ts";

interface Item {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string };
}
const item = (name: string, resourceVersion?: string): Item => ({
  metadata: { name, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
});
const list = (resourceVersion: string, names: readonly string[], more = ""): ApiAnswer => ({
  status: 200,
  body: {
    metadata: { resourceVersion, ...(more === "" ? {} : { continue: more }) },
    items: names.map((name) => item(name)),
  },
});
const away = () => new PullcastError("PC103");

/** All that is told of such a server, until it is asked for the watch that nothing follows. */
async function follow(script: {
  readonly answers: readonly (ApiAnswer | Error)[];
  readonly watches: readonly ScriptedWatch[];
  readonly maxFailures?: number;
}) {
  const gateway = scriptedGateway(script);
  const stop = new AbortController();
  const told: string[] = [];
  const watches = script.watches.length;
  const following = listAndWatch<Item>(
    {
      ...gateway,
      watch: async (...args) => {
        const asked = gateway.asked.filter((one) => one.startsWith("WATCH")).length;
        if (asked >= watches) stop.abort();
        await gateway.watch(...args);
      },
    },
    {
      path: "/api/v1/things",
      query: { labelSelector: "a=b" },
      signal: stop.signal,
      maxPauseMs: 1,
      onList: (items) => told.push(`list ${items.map(({ metadata }) => metadata.name).join(" ")}`),
      onItem: ({ metadata }) => told.push(`item ${metadata.name}`),
      onGone: ({ metadata }) => told.push(`gone ${metadata.name}`),
      onFailure: (_error, failures) => told.push(`failure ${failures}`),
      ...(script.maxFailures === undefined ? {} : { maxFailures: script.maxFailures }),
    },
  );
  await following;
  const versions = gateway.asked
    .filter((one) => one.startsWith("WATCH"))
    .map((one) => new URL(one.slice(6), "http://x").searchParams.get("resourceVersion"));
  return { told, asked: gateway.asked, versions };
}

test("a list of pages comes first, then what changes", async () => {
  const { told, asked, versions } = await follow({
    answers: [list("5", ["a"], "next"), list("7", ["b"])],
    watches: [
      {
        events: [
          { type: "ADDED", object: item("c", "8") },
          { type: "MODIFIED", object: item("a", "9") },
          { type: "BOOKMARK", object: item("", "12") },
          { type: "DELETED", object: item("b", "13") },
        ],
      },
    ],
  });
  expect(told).toEqual(["list a b", "item c", "item a", "gone b"]);
  expect(asked[1]).toContain("continue=next");
  expect(versions[0]).toBe("7");
});

test("a watch that the server ends goes on from its last version, without a list", async () => {
  const { told, versions } = await follow({
    answers: [list("7", [])],
    watches: [{ events: [{ type: "BOOKMARK", object: item("", "12") }] }, {}],
  });
  expect(told).toEqual(["list "]);
  expect(versions.slice(0, 2)).toEqual(["7", "12"]);
});

test("one that is too old begins again with a list", async () => {
  const gone = { type: "ERROR", object: { code: 410 } } as const;
  const { told, versions } = await follow({
    answers: [list("7", ["a"]), list("20", ["b"])],
    watches: [{ events: [gone] }, {}],
  });
  expect(told).toEqual(["list a", "list b"]);
  expect(versions.slice(0, 2)).toEqual(["7", "20"]);
});

test("an API server that is away is asked again, and what it missed is listed", async () => {
  const { told } = await follow({
    answers: [list("7", ["a"]), away(), away(), list("9", ["a", "b"])],
    watches: [{ fails: away() }, {}],
  });
  expect(told).toEqual(["list a", "failure 1", "failure 2", "failure 3", "list a b"]);
});

test("whoever gives up after some failures throws the last one, and at once where nobody may", async () => {
  const twice = follow({ answers: [away(), away()], watches: [], maxFailures: 2 });
  await expect(twice).rejects.toMatchObject({ code: "PC103" });
  const refused = follow({ answers: [{ status: 403, body: {} }], watches: [], maxFailures: 8 });
  await expect(refused).rejects.toMatchObject({ code: "PC104" });
});
