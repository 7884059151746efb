import { PullcastError } from "../../agent/errors.ts";
import type { ExecOutcome, PushReport, Target } from "../../agent/model.ts";
import { composeInstall } from "../../agent/node/compose.ts";
import { oneProgram } from "../../agent/operations/node-try.ts";
import { plannedWaves } from "../../agent/operations/waves/plan-waves.ts";
import { workInWaves } from "../../agent/operations/waves/work-in-waves.ts";
import type { Session, Transport } from "../../agent/transport/transport.ts";
import { toDocument } from "../../cli/render/document.ts";
import { renderReportTable } from "../../cli/render/report-table.ts";
import { renderSummary } from "../../cli/render/summary.ts";
import { Progress } from "../../cli/reporters/progress.ts";
import { clusterNode } from "../agent/cluster/cluster-node.ts";
import { newNodeConfig } from "../rig/push-target.ts";
import { NEVER } from "../rig/transport.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

/**
 * A stub for a thousand nodes that answer at once, which no machine here can hold: what is measured is the engine
 * alone. Each twentieth can't be reached.
 */
class StubInstantTransport implements Transport {
  readonly #digest: string;
  opened = 0;

  constructor(digest: string) {
    this.#digest = digest;
  }

  approve(): void {}

  async open(target: Target): Promise<Session> {
    this.opened += 1;
    if (Number(target.name.split("-")[1]) % 20 === 19) {
      throw new PullcastError("PC204", { phase: "connect", detail: target.host });
    }
    return {
      user: "root",
      hostKeyFingerprint: "SHA256:none",
      run: async ({ input }): Promise<ExecOutcome> => {
        const text = Buffer.from(input.reveal()).toString("latin1");
        const nonce = /exit 70([0-9a-f]{32}) install /.exec(text)?.[1] ?? "";
        const said = [
          "begin",
          "root /var/lib/kubelet/config.json proven",
          `OK updated ${this.#digest} /var/lib/kubelet/config.json`,
        ];
        const stdout = said.map((line) => `PULLCAST1 ${nonce} ${line}\n`).join("");
        return { end: { type: "exit", code: 0 }, stdout, stderr: "" };
      },
      close: async () => undefined,
    };
  }

  chosen(): undefined {}

  async close(): Promise<void> {}
}

/** Plan, waves, progress and output of a push to `points` nodes in three zones: processor time and memory. */
export async function thousandInWaves({ points }: SoakOptions): Promise<Evidence> {
  const targets = Array.from({ length: points }, (_, at) => nodeTarget(at));
  const config = newNodeConfig();
  const transport = new StubInstantTransport(config.digest);
  const lines: string[] = [];
  const sink = {
    live: false,
    line: (text: string) => void lines.push(text),
    status: () => undefined,
    end: () => undefined,
  };
  const progress = new Progress(sink, { level: "normal", failures: true });
  const waves = {
    sizes: [{ count: 1 }, { percent: 10 }, { percent: 100 }],
    maxFailures: { percent: 10 },
  };
  const before = process.cpuUsage();
  progress.handle({
    type: "planned",
    operation: "push",
    run: "r",
    addressKinds: { InternalIP: points },
    targets,
    skipped: [],
    ...plannedWaves(targets, waves),
    concurrency: 32,
  });
  const outcome = await workInWaves({
    kubectl: { program: "/nonexistent/kubectl" },
    selection: { names: [], exclude: [], address: "auto" },
    stateDir: "/nonexistent",
    ssh: undefined as never,
    replace: false,
    breaker: false,
    transport,
    run: "20261124T050102Z-1f3a9c42e",
    targets,
    concurrency: 32,
    job: oneProgram(
      ({ user, nonce }) => composeInstall({ user, nonce, run: "r-1", replace: false, config }),
      { digest: config.digest },
    ),
    dueRestart: undefined,
    restartJob: () => {
      throw new Error("nothing is restarted");
    },
    request: () => {
      throw new Error("nothing is undone");
    },
    waves,
    lastPush: () => undefined,
    contextNamespace: undefined,
    record: async () => undefined,
    signal: NEVER,
    report: progress.handle,
  });
  const report: PushReport = {
    kind: "PushReport",
    run: "r",
    startedAt: new Date().toISOString(),
    durationMs: 1,
    interrupted: false,
    waves: outcome.waves,
    credentials: [],
    items: [...outcome.reports.values()],
  };
  const table = renderReportTable(report, { wide: false, width: 120 });
  const summary = renderSummary(report);
  const document = JSON.stringify(toDocument([report]));
  const { user, system } = process.cpuUsage(before);
  return {
    nodes: points,
    waves: outcome.waves.map(({ nodes, failed }) => ({ nodes, failed })),
    cpuSeconds: Math.round((user + system) / 10_000) / 100,
    peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
    tableLines: table.trimEnd().split("\n").length,
    progressLines: lines.length,
    summaryLines: summary.length,
    documentKilobytes: Math.round(document.length / 1024),
  };
}

function nodeTarget(at: number): Target {
  const name = `worker-${at}`;
  const labels = { "topology.kubernetes.io/zone": `z${at % 3}` };
  const host = `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`;
  return { name, host, addressKind: "InternalIP", node: clusterNode({ name, labels }) };
}
