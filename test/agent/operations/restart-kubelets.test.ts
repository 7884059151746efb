import { afterEach, expect, test } from "vitest";
import type { PullcastEvent } from "../../../agent/events.ts";
import type { ExecOutcome, NodeReport, Target } from "../../../agent/model.ts";
import { composeRestart } from "../../../agent/node/compose.ts";
import { type NodeJob, oneProgram } from "../../../agent/operations/node-try.ts";
import type { RestartOptions } from "../../../agent/operations/options.ts";
import { isProviderDue, restartKubelets } from "../../../agent/operations/restart-kubelets.ts";
import type { Session, Transport } from "../../../agent/transport/transport.ts";
import { targetOf } from "../../rig/transport.ts";
import { clusterNode } from "../cluster/cluster-node.ts";
import { type StubKubectl, stubKubectl, stubProxy } from "../cluster/stub-kubectl.ts";

const stubs: StubKubectl[] = [];
afterEach(async () => {
  await Promise.all(stubs.splice(0).map((stub) => stub.remove()));
});

/** How a node answers the restart program, or what happens instead. */
type Answer = (nonce: string, signal: AbortSignal) => Promise<ExecOutcome>;

const says =
  (code: number, ...lines: string[]): Answer =>
  async (nonce) => ({
    end: { type: "exit", code },
    stdout: ["begin", "root /var/lib/kubelet/config.json proven", ...lines]
      .map((line) => `PULLCAST1 ${nonce} ${line}\n`)
      .join(""),
    stderr: "",
  });
const RESTARTED = says(0, "OK restarted - /var/lib/kubelet/config.json");

/** The user stops the run while the node is at work. */
const stoppedAt =
  (stop: AbortController): Answer =>
  (_, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      stop.abort();
    });

/** A stub for nodes whose restart ends in a way that the test chooses. */
class StubScriptedTransport implements Transport {
  approve(): void {}

  readonly #answer: Answer;

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  async open(): Promise<Session> {
    return {
      user: "root",
      hostKeyFingerprint: "SHA256:none",
      run: ({ input, signal }) => {
        const text = Buffer.from(input.reveal()).toString();
        const nonce = /exit 70([0-9a-f]{32}) restart /.exec(text)?.[1] ?? "";
        return this.#answer(nonce, signal ?? new AbortController().signal);
      },
      close: async () => undefined,
    };
  }

  chosen(): undefined {}

  async close(): Promise<void> {}
}

interface Run {
  readonly answer: Answer;
  readonly report?: Partial<NodeReport>;
  readonly target?: Target;
  readonly kubectl?: string;
  readonly onEvent?: (event: PullcastEvent) => void;
  readonly stop?: AbortController;
}

async function restart({ answer, target = targetOf("10.0.0.1"), stop, ...run }: Run) {
  const before: NodeReport = {
    node: target.name,
    address: target.host,
    result: "updated",
    pathProof: "proven",
    durationMs: 1,
    effectiveBy: "2026-11-24T05:05:00.000Z",
    ...run.report,
  };
  const events: PullcastEvent[] = [];
  const reports = await restartKubelets({
    transport: new StubScriptedTransport(answer),
    kubectl: { program: run.kubectl ?? "/nonexistent/kubectl" },
    targets: [target],
    reports: new Map([[target, before]]),
    restart: { readyMs: 60_000 },
    job: oneProgram(({ user, nonce }) =>
      composeRestart({ user, nonce, run: "r-1", replace: false }),
    ),
    signal: (stop ?? new AbortController()).signal,
    report: (event) => {
      events.push(event);
      run.onEvent?.(event);
    },
  });
  return { report: reports.get(target) as NodeReport, before, events };
}

const states = (events: readonly PullcastEvent[]) =>
  events.flatMap((event) => (event.type === "restart" ? [event.state] : []));

test("a restart brings the file in force at once", async () => {
  const { report, before, events } = await restart({ answer: RESTARTED });
  expect(report).toMatchObject({ result: "updated", restarted: true });
  expect(report.effectiveBy).not.toBe(before.effectiveBy);
  expect(states(events)).toEqual(["restarting", "ready"]);
});

test("a kubelet that does not run is to be started; its node has the file", async () => {
  const { report } = await restart({
    answer: says(1, "fail PC541 "),
  });
  expect(report).toMatchObject({
    result: "failed",
    phase: "restart",
    code: "PC541",
    message: expect.stringMatching(/; the file is in place$/),
    fix: expect.stringMatching(/^systemctl start kubelet/),
  });
  expect(report).not.toHaveProperty("effectiveBy");
});

test("a kubelet that no unit owns needs the user's command", async () => {
  const { report, before } = await restart({
    answer: says(1, "fail PC504 process 7 belongs to no service"),
    report: { result: "removed" },
  });
  expect(report).toMatchObject({
    code: "PC504",
    message: expect.stringMatching(/process 7.*; the file is removed$/),
    fix: expect.stringContaining("--kubelet-restart-command"),
    effectiveBy: before.effectiveBy,
  });
});

test("Ctrl-C while the node restarts its kubelet leaves that open, and its file is no failure", async () => {
  const stop = new AbortController();
  const answer = stoppedAt(stop);
  const { report, before, events } = await restart({ answer, stop });
  expect(report).toMatchObject({
    result: "updated",
    effectiveBy: before.effectiveBy,
    warnings: [{ code: "PC542", message: expect.stringContaining("not known") }],
  });
  expect(states(events)).toEqual(["restarting"]);
});

test("Ctrl-C while a restarted node is awaited: the file is in force, and nobody saw it Ready", async () => {
  const kubectl = await stubKubectl(
    stubProxy(`(req, res) => {
      const node = { status: { conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: "T1" }] } };
      if (!req.url.includes("watch=1")) return res.end(JSON.stringify(node));
      res.write(JSON.stringify({ type: "ADDED", object: node }) + "\\n");
    }`),
  );
  stubs.push(kubectl);
  const stop = new AbortController();
  const { report } = await restart({
    answer: RESTARTED,
    target: { ...targetOf("10.0.0.1"), node: clusterNode() },
    kubectl: kubectl.program,
    stop,
    onEvent: (event) => {
      if (event.type === "restart" && event.state === "waiting-ready") stop.abort();
    },
  });
  expect(report).toMatchObject({
    result: "updated",
    restarted: true,
    warnings: [{ code: "PC542", message: expect.stringContaining("it was restarted") }],
  });
});

test("Ctrl-C before a restart leaves it out", async () => {
  const stop = new AbortController();
  stop.abort();
  const { report } = await restart({ answer: RESTARTED, stop });
  expect(report).toMatchObject({ result: "updated", warnings: [{ code: "PC509" }] });
  expect(report).not.toHaveProperty("restarted");
});

/** Restarts these nodes' kubelets, and tells the most that were at work at once. */
async function restartMany(
  names: readonly string[],
  maxUnavailable?: RestartOptions["maxUnavailable"],
) {
  let atWork = 0;
  let most = 0;
  const transport = new StubScriptedTransport(async (nonce, signal) => {
    atWork += 1;
    most = Math.max(most, atWork);
    // All that may begin have begun by then.
    await new Promise((resolve) => setImmediate(resolve));
    atWork -= 1;
    return await RESTARTED(nonce, signal);
  });
  // "!" is not Ready, "=" has nothing to restart, "cp" is of the control plane. Without kubectl no node is waited for.
  const targets = names.map(
    (name): Target => ({
      name,
      host: name,
      addressKind: "given",
      ...(name.startsWith("!") || name.startsWith("cp")
        ? {
            node: clusterNode({
              name,
              ready: false,
              labels: name.startsWith("cp") ? { "node-role.kubernetes.io/control-plane": "" } : {},
            }),
          }
        : {}),
    }),
  );
  const reports = new Map(
    targets
      .filter(({ name }) => !name.startsWith("!"))
      .map((target): [Target, NodeReport] => [
        target,
        {
          node: target.name,
          address: target.host,
          result: "updated",
          durationMs: 1,
          effectiveBy: "2026-11-24T05:05:00.000Z",
        },
      ]),
  );
  // Nodes that were not Ready are not waited for: nothing is asked of it.
  const stub = await stubKubectl(stubProxy("(request, response) => response.writeHead(500).end()"));
  stubs.push(stub);
  const after = await restartKubelets({
    transport,
    kubectl: { program: stub.program },
    reports,
    targets,
    restart: { readyMs: 1000, ...(maxUnavailable === undefined ? {} : { maxUnavailable }) },
    job: oneProgram(({ user, nonce }) =>
      composeRestart({ user, nonce, run: "r-1", replace: false }),
    ),
    signal: new AbortController().signal,
    report: () => undefined,
  });
  const restarted = [...after.values()].filter((report) => report.restarted === true).length;
  const codes = [...after.values()].flatMap(({ warnings = [] }) =>
    warnings.map(({ code }) => code),
  );
  return { most, restarted, codes };
}

test("one kubelet is restarted at a time unless told otherwise", async () => {
  expect(await restartMany(["a", "b", "c"])).toEqual({ most: 1, restarted: 3, codes: [] });
});

test("as many are restarted at once as --max-unavailable allows, nodes not Ready already counted", async () => {
  const names = ["a", "b", "c", "d"];
  expect(await restartMany(names, { count: 3 })).toMatchObject({ most: 3, restarted: 4 });
  expect(await restartMany(names, { percent: 50 })).toMatchObject({ most: 2, restarted: 4 });
  expect(await restartMany([...names, "!down"], { count: 3 })).toMatchObject({ most: 2 });
});

test("no kubelet is restarted where too many nodes are not Ready already", async () => {
  expect(await restartMany(["a", "b", "!down"], { count: 1 })).toEqual({
    most: 0,
    restarted: 0,
    codes: ["PC509", "PC509"],
  });
});

test("control-plane nodes are restarted one at a time, whatever is allowed", async () => {
  expect(await restartMany(["cp-1", "cp-2", "cp-3"], { count: 3 })).toMatchObject({
    most: 1,
    restarted: 3,
  });
});

/** What a setting on trial comes to, where each step on the node answers so. */
async function trial(answers: readonly Answer[], stop = new AbortController()) {
  const target = targetOf("10.0.0.1");
  const steps: string[] = [];
  const left = [...answers];
  const step = (name: string): NodeJob => {
    const job = oneProgram(({ user, nonce }) =>
      composeRestart({ user, nonce, run: "r-1", replace: false }),
    );
    return (shell) => {
      steps.push(name);
      return job(shell);
    };
  };
  const before: NodeReport = {
    ...{ node: target.name, address: target.host, durationMs: 1 },
    ...{ result: "updated", provider: "due" },
  };
  const reports = await restartKubelets({
    transport: new StubScriptedTransport((nonce, signal) => {
      const answer = left.shift();
      if (answer === undefined) throw new Error("one step too many");
      return answer(nonce, signal);
    }),
    kubectl: { program: "/nonexistent/kubectl" },
    targets: [target],
    reports: new Map([[target, before]]),
    restart: { readyMs: 60_000 },
    isDue: isProviderDue,
    job: step("switch on"),
    settle: step("confirm"),
    takeBack: step("take back"),
    signal: stop.signal,
    report: () => undefined,
  });
  return { report: reports.get(target), steps };
}

const UNDONE = says(0, "OK undone - /var/lib/pullcast/config.json");

test("what is set on trial is confirmed where the node is well", async () => {
  const { report, steps } = await trial([RESTARTED, RESTARTED]);
  expect(report).toMatchObject({ result: "updated", provider: "on", restarted: true });
  expect(steps).toEqual(["switch on", "confirm"]);
});

test("a node that took the setting back itself is restored once the rest is back too", async () => {
  const { report, steps } = await trial([says(1, "fail PC555 the kubelet ended"), UNDONE]);
  expect(report).toMatchObject({ result: "restored", code: "PC555", phase: "restart" });
  expect(report?.message).toContain("the kubelet ended");
  expect(report).not.toHaveProperty("provider");
  expect(steps).toEqual(["switch on", "take back"]);
});

test("it is taken back where it can't be confirmed, and then the node is restored", async () => {
  const { report, steps } = await trial([RESTARTED, says(1, "fail PC504 x"), UNDONE]);
  expect(report).toMatchObject({ result: "restored", code: "PC555" });
  expect(report?.message).toContain("x");
  expect(steps).toEqual(["switch on", "confirm", "take back"]);
});

test("what can't be taken back from here is no restore: its timer does it", async () => {
  const { report } = await trial([says(1, "fail PC502 x"), says(1, "fail PC556 y")]);
  expect(report).toMatchObject({ result: "failed", code: "PC502", provider: "due" });
});

test("Ctrl-C during a trial is a failure that the node's timer mends", async () => {
  const stop = new AbortController();
  const answer = stoppedAt(stop);
  const { report } = await trial([RESTARTED, answer], stop);
  expect(report).toMatchObject({ result: "failed", code: "PC542", provider: "due" });
  expect(report?.message).toContain("timer");
});
