import { performance } from "node:perf_hooks";
import { describeCode } from "../../errors.ts";
import type { Notice, Problem, Target, TransportChoice } from "../../model.ts";
import { type RootAccess, rootAccess } from "../../node/become.ts";
import type { ProbedMachine } from "../../node/read-report.ts";
import { createTransport } from "../../transport/create-transport.ts";
import type { Passwords } from "../../transport/passwords.ts";
import type { HostResolver } from "../../transport/resolve-host.ts";
import type { ChosenTransport, ConnectStep } from "../../transport/transport.ts";
import type { Trial } from "../../util/trial.ts";
import { nodeReport, withTransport } from "../node-report.ts";
import { type NodeTry, tryOnNode } from "../node-try.ts";
import type { NodeRunOptions } from "../options.ts";
import { withPasswordTrial } from "../password-trial.ts";
import { probeJob } from "../probe-job.ts";
import type { ProbeStep } from "./model.ts";

/** What a probe of one node came to. */
export interface Probe {
  /** What carried it; absent where that could not be decided. */
  readonly choice?: TransportChoice;
  readonly steps: readonly ProbeStep[];
  readonly warnings: readonly Notice[];
  /** Why a push would fail. */
  readonly failure?: Problem;
}

interface ProbeOptions {
  readonly options: NodeRunOptions;
  readonly resolver: HostResolver;
  /** SSH's, and whether a node has taken sudo's: shared by all probes. */
  readonly passwords: Passwords;
  readonly trial: Trial;
  /** Login name on the node. */
  readonly user: string;
}

/** When the program was sent, and when its answer was there. */
interface Span {
  readonly sentAt: Date;
  readonly answeredAt: Date;
  readonly durationMs: number;
}

/**
 * Goes the way of a push to one node up to its first write, on connections of its own, once, and takes the time
 * of each step. Changes nothing but what a push changes on the way: under `accept-new` a new host key is kept.
 *
 * @throws {PullcastError} PC215, PC222, PC235 or PC266 where a file or an option can't be used
 */
export async function probeNode(target: Target, probing: ProbeOptions): Promise<Probe> {
  const { options, resolver, passwords, trial, user } = probing;
  const { signal } = options;
  const steps: ProbeStep[] = [];
  let sentMs = performance.now();
  const onStep = ({ phase, at, durationMs, detail }: ConnectStep) => {
    sentMs = performance.now();
    steps.push({ ...well(phase, detail, durationMs), at });
  };
  const transport = withPasswordTrial(
    await createTransport({ ...options.ssh, onStep }, resolver, { passwords }),
    options.become,
    trial,
  );
  let tried: NodeTry;
  let chosen: ChosenTransport | undefined;
  try {
    tried = await tryOnNode(transport, target, { job: probeJob(options), signal });
    chosen = transport.chosen(target);
  } finally {
    await transport.close();
  }
  signal.throwIfAborted();
  const durationMs = performance.now() - sentMs;
  const answeredAt = new Date();
  const sentAt = new Date(answeredAt.getTime() - durationMs);
  steps.push(
    ...stepsThere(tried, rootAccess(user, options.become), { sentAt, answeredAt, durationMs }),
  );
  const context = { tried, lostBefore: false, durationMs: 0, now: answeredAt };
  const {
    code,
    phase,
    message = "",
    fix,
    warnings = [],
  } = withTransport(nodeReport(target, context), chosen);
  const choice = chosen && {
    transport: chosen.transport,
    transportReason: chosen.transportReason,
  };
  const seen = { steps, warnings, ...(choice && { choice }) };
  if (code === undefined) return seen;
  steps.push({ name: STEP_OF[code] ?? phase ?? "exec", result: "failed", code, message });
  const failure = { code, severity: "error", message, fix: fix ?? describeCode(code).fix } as const;
  return { ...seen, failure };
}

/** Steps that no phase stands for, by the codes that end them. */
const STEP_OF: Readonly<Partial<Record<Problem["code"], ProbeStep["name"]>>> = {
  PC224: "sudo",
  PC236: "sudo",
  PC237: "sudo",
  PC238: "sudo",
  PC239: "sudo",
  PC323: "sudo",
  PC225: "shell",
  PC306: "disk",
  PC307: "disk",
};

/** What a program that began tells of the machine, whether or not it came to its end. */
function stepsThere(tried: NodeTry, access: RootAccess, span: Span): ProbeStep[] {
  if (tried.type !== "answered") return [];
  const { answer } = tried;
  if (answer.status === "failed" && !answer.began) return [];
  const { machine, path, pathProof = "assumed" } = answer;
  return [
    well("exec", "our program ran", span.durationMs),
    well("sudo", accessText(access)),
    ...(path === undefined ? [] : [well("kubelet", `${path}, ${PROOF[pathProof]}`)]),
    ...(machine === undefined ? [] : machineSteps(machine, span)),
  ];
}

function accessText({ user, method }: RootAccess): string {
  if (method === "none") return user === "root" ? "root needs none" : `${user} goes on as it is`;
  return `${method === "sudo" ? "it" : method} lets ${user} in`;
}

const PROOF = {
  proven: "where the running kubelet looks",
  assumed: "but no kubelet is seen to run",
  given: "as --path says",
} as const;

function machineSteps({ shell, clockSeconds, freeBytes }: ProbedMachine, span: Span): ProbeStep[] {
  return [
    ...(shell === undefined ? [] : [well("shell", `/bin/sh is ${shell}`)]),
    ...(clockSeconds === undefined ? [] : [well("clock", clockText(clockSeconds, span))]),
    ...(freeBytes === undefined
      ? []
      : [well("disk", `${Math.floor(freeBytes / 2 ** 20)} MiB free beside config.json`)]),
  ];
}

/** The node told whole seconds at some moment between the two. */
function clockText(clockSeconds: number, { sentAt, answeredAt }: Span): string {
  const behind = Math.floor(sentAt.getTime() / 1000) - clockSeconds;
  const ahead = clockSeconds - Math.floor(answeredAt.getTime() / 1000);
  const told = new Date(clockSeconds * 1000).toISOString();
  if (behind > 0) return `${told}, ${behind} s behind this machine's`;
  return ahead > 0 ? `${told}, ${ahead} s ahead of this machine's` : `${told}, as this machine's`;
}

function well(name: ProbeStep["name"], message: string, durationMs?: number): ProbeStep {
  const step = { name, result: "ok", code: "PC000", message } as const;
  return durationMs === undefined ? step : { ...step, durationMs: Math.round(durationMs) };
}
