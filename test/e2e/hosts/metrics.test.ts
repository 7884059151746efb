import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PullcastEvent } from "../../../agent/index.ts";
import { Health } from "../../../cli/watch/health.ts";
import { type Listening, listen } from "../../../cli/watch/listen.ts";
import { WatchMetrics } from "../../../cli/watch/metrics.ts";
import { ensureHostTools } from "../../bed/index.ts";
import { freePort } from "../../rig/sshd.ts";
import { until } from "../../rig/until.ts";

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const CHART = "../../../agent/deploy/chart/files";
const RULES = file(`${CHART}/rules.yaml`);
const DASHBOARD = file(`${CHART}/dashboard.json`);
const ALERTS = file("alerts.yaml");

/** What a watch of two nodes tells. */
const EVENTS: readonly PullcastEvent[] = [
  { type: "cluster-listed", what: "nodes", count: 2 },
  ...["a", "b"].flatMap((node): PullcastEvent[] => [
    { type: "node-seen", node, uid: node, as: "new" },
    {
      type: "node-finished",
      report: { node, address: "10.0.0.1", result: "updated", durationMs: 1 },
    } as PullcastEvent,
    { type: "node-served", node, uid: node, as: "new", stage: "file", sinceSeenMs: 900 },
    {
      type: "pull-finished",
      report: { node, image: "r/i", result: "pulled", ran: "-", attempts: 1, durationMs: 1 },
    },
    { type: "node-state", node, uid: node, state: "proven" },
  ]),
  {
    type: "credentials-loaded",
    ...{ source: "test", changed: true, kept: [], nextAt: "2030-01-01T00:00:00Z" },
    entries: [{ key: "reg.example", expiresAt: "2100-01-01T00:00:00Z" }],
  },
  { type: "credentials-failed", cause: { code: "PC641", message: "no" }, failures: 1, nextAt: "" },
  { type: "gate-opened", node: "a", uid: "a", forced: false },
  { type: "namespace-finished", namespace: "n", result: "created" } as PullcastEvent,
];

let dir: string;
let listening: Listening;
let prometheus: ChildProcess;
let api: string;

beforeAll(async () => {
  await ensureHostTools(["prometheus", "promtool"], (line) => console.error(line));
  dir = await mkdtemp(join(tmpdir(), "pullcast-prometheus-"));
  const metrics = new WatchMetrics();
  for (const event of EVENTS) metrics.event(event);
  const health = new Health();
  listening = await listen({ address: { host: "127.0.0.1", port: 0 }, health, metrics });
  const config = join(dir, "prometheus.yml");
  await writeFile(
    config,
    JSON.stringify({
      global: { scrape_interval: "200ms", evaluation_interval: "500ms" },
      rule_files: [RULES],
      scrape_configs: [{ job_name: "pullcast", static_configs: [{ targets: [listening.at] }] }],
    }),
  );
  const port = await freePort();
  api = `http://127.0.0.1:${port}`;
  prometheus = spawn(
    "prometheus",
    [
      ...[`--config.file=${config}`, `--storage.tsdb.path=${join(dir, "data")}`],
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: "ignore" },
  );
  await until(async () => (await fetch(`${api}/-/ready`).catch(() => undefined))?.ok === true);
});
afterAll(async () => {
  if (prometheus.exitCode === null) {
    prometheus.kill("SIGKILL");
    await once(prometheus, "close");
  }
  await listening.close();
  await rm(dir, { recursive: true, force: true });
});

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

async function ask<Data>(path: string, query: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${api}/api/v1/${path}?${new URLSearchParams(query)}`);
  const { status, error, data } = (await response.json()) as Record<string, unknown>;
  if (status !== "success") throw new Error(`${path} ${JSON.stringify(query)}: ${error}`);
  return data as Data;
}
const value = async (query: string) => {
  const { result } = await ask<{ readonly result: readonly Sample[] }>("query", { query });
  return result[0]?.value[1];
};

test("a real Prometheus scrapes them", async () => {
  await until(async () => (await value('pullcast_nodes{state="proven"}')) === "2");
  expect(await value('up{job="pullcast"}')).toBe("1");
  expect(await value('sum(pullcast_pushes_total{result="updated"})')).toBe("2");
  expect(await value('pullcast_new_node_seconds_bucket{stage="file",le="1"}')).toBe("2");
  const left = Number(
    await value('pullcast_credential_expires_in_seconds{registry="reg.example"}'),
  );
  expect(left).toBeGreaterThan(3600);
});

test("it takes the alert rules and the dashboard's questions, and knows each series they ask for", async () => {
  await until(async () => {
    const { groups } = await ask<{
      readonly groups: readonly { readonly rules: readonly { readonly health: string }[] }[];
    }>("rules");
    return groups.every(({ rules }) => rules.every(({ health }) => health === "ok"));
  });
  const dashboard = JSON.parse(await readFile(DASHBOARD, "utf8")) as {
    readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  };
  const questions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  expect(questions.length).toBeGreaterThan(5);
  for (const query of questions) await ask("query", { query });
  const known = await ask<readonly string[]>("label/__name__/values");
  const text = `${questions.join("\n")}\n${await readFile(RULES, "utf8")}`;
  const asked = new Set(text.match(/\bpullcast_[a-z_]+/g));
  expect([...asked].filter((name) => !known.includes(name))).toEqual([]);
});

test("promtool checks the rules, and each alert comes when it should and not before", async () => {
  const promtool = promisify(execFile);
  const checked = await promtool("promtool", ["check", "rules", RULES]);
  expect(checked.stdout).toContain("SUCCESS");
  const tests = join(dir, "alerts.yaml");
  await writeFile(tests, (await readFile(ALERTS, "utf8")).replace("RULES", RULES));
  const tested = await promtool("promtool", ["test", "rules", tests]);
  expect(tested.stdout).toContain("SUCCESS");
});
