import { afterEach, describe, expect, test } from "vitest";
import { Health } from "../../../cli/watch/health.ts";
import { type Listening, listen, parseListen } from "../../../cli/watch/listen.ts";
import { WatchMetrics } from "../../../cli/watch/metrics.ts";

let open: Listening[] = [];
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  open = [];
});

async function serve() {
  const [health, metrics] = [new Health(), new WatchMetrics()];
  const listening = await listen({ address: { host: "127.0.0.1", port: 0 }, health, metrics });
  open.push(listening);
  const get = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`http://${listening.at}${path}`, init);
    return { status: answer.status, text: await answer.text() };
  };
  return { health, metrics, get, at: listening.at };
}

describe("where a watch listens", () => {
  test.each([
    ["9464", { host: "127.0.0.1", port: 9464 }],
    [":9464", { port: 9464 }],
    ["0.0.0.0:1", { host: "0.0.0.0", port: 1 }],
    ["[::1]:80", { host: "::1", port: 80 }],
    ["host.example:80", { host: "host.example", port: 80 }],
  ])("%s", (text, address) => {
    expect(parseListen(text)).toEqual(address);
  });

  test.each(["", "x", "70000", "a b:1", "http://x:1", "1:2:3"])("%s is refused", (text) => {
    expect(() => parseListen(text)).toThrow(/--listen/);
  });

  test("a port that is taken is told", async () => {
    const { at } = await serve();
    const port = Number(at.split(":")[1]);
    const again = listen({
      address: { host: "127.0.0.1", port },
      health: new Health(),
      metrics: new WatchMetrics(),
    });
    await expect(again).rejects.toMatchObject({ code: "PC001" });
  });
});

describe("what it answers", () => {
  test("ready only while it follows the cluster", async () => {
    const { health, get } = await serve();
    expect((await get("/readyz")).status).toBe(503);
    health.event({ type: "cluster-listed", what: "nodes", count: 1 });
    expect((await get("/readyz")).status).toBe(200);
    health.event({ type: "cluster-lost", cause: { code: "PC103", message: "" }, failures: 1 });
    expect((await get("/readyz")).status).toBe(503);
    expect((await get("/healthz")).status).toBe(200);
  });

  test("nothing else, and to nobody who sends", async () => {
    const { get } = await serve();
    expect((await get("/")).status).toBe(404);
    expect((await get("/metrics", { method: "POST", body: "x" })).status).toBe(405);
  });

  test("metrics count what happened, and forget nodes that are gone", async () => {
    const { metrics, get } = await serve();
    const node = { node: "n1", uid: "u1" };
    metrics.event({ type: "node-seen", ...node, as: "new" });
    metrics.event({ type: "node-served", ...node, as: "new", stage: "file", sinceSeenMs: 1500 });
    metrics.event({ type: "node-state", ...node, state: "served" });
    metrics.event({
      type: "credentials-loaded",
      ...{ source: "s", changed: true, nextAt: "", kept: [] },
      entries: [
        { key: "r.example", expiresAt: new Date(Date.now() + 60_000).toISOString() },
        { key: "x" },
      ],
    });
    const before = (await get("/metrics")).text;
    expect(before).toContain('pullcast_nodes{state="served"} 1');
    expect(before).toContain('pullcast_nodes{state="failed"} 0');
    expect(before).toContain('pullcast_new_node_seconds_bucket{le="2",stage="file"} 1');
    expect(before).toMatch(/pullcast_credential_expires_in_seconds\{registry="r.example"\} 5\d\./);
    expect(before).toContain('pullcast_credential_expires_in_seconds{registry="x"} +Inf');
    metrics.event({ type: "node-gone", ...node });
    expect((await get("/metrics")).text).toContain('pullcast_nodes{state="served"} 0');
  });
});
