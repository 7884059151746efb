import { performance } from "node:perf_hooks";
import pLimit from "p-limit";
import { describeCode, PullcastError } from "../errors.ts";
import type { Problem, SkippedNode, Target, TransportName } from "../model.ts";
import { errorsFirst, noticeProblem, problem } from "../problem.ts";
import { describeKey } from "../transport/host-key.ts";
import type { HostSettings } from "../transport/host-settings.ts";
import { createPasswords, type Passwords } from "../transport/passwords.ts";
import { createPreviews, type HostPreview, type Previews } from "../transport/preview-host.ts";
import {
  createHostResolver,
  type HostResolver,
  type HostRoute,
} from "../transport/resolve-host.ts";
import type { ChosenTransport } from "../transport/transport.ts";
import { Trial } from "../util/trial.ts";
import type { DiagnosedHost, DiagnosedNode, Diagnosis } from "./doctor/model.ts";
import { type Probe, probeNode } from "./doctor/probe.ts";
import { sourcedSettings } from "./doctor/settings.ts";
import type { DoctorOptions } from "./options.ts";
import { selectTargets } from "./select-targets.ts";

/**
 * Tells how the selected nodes are reached and what stands in the way, without connecting to them; with `probe`
 * it goes the way of a push up to its first write. Writes nothing on a node.
 *
 * @throws {PullcastError} PC1xx where nothing can be selected; PC215, PC222, PC235 or PC266 where a file or an
 *   option that was named can't be used; the signal's reason after an abort
 */
export async function doctor(options: DoctorOptions): Promise<Diagnosis> {
  const startedAt = new Date();
  const began = performance.now();
  const resolver = createHostResolver(options.ssh);
  const selected = await selectTargets({
    kubectl: options.kubectl,
    selection: options.selection,
    purpose: "reach",
    signal: options.signal,
    sshHostKnown: resolver.isConfigured,
    nodeCheck: options.nodeCheck,
  });
  const notices = await resolver.prepare();
  const means: Means = {
    options,
    resolver,
    previews: await createPreviews(options.ssh),
    passwords: createPasswords(options.ssh),
    trial: new Trial(),
  };
  const limit = pLimit(options.concurrency);
  const items = await Promise.all(
    selected.targets.map((target) => limit(() => diagnose(target, means))),
  );
  options.signal.throwIfAborted();
  return {
    kind: "Diagnosis",
    startedAt: startedAt.toISOString(),
    durationMs: Math.round(performance.now() - began),
    ...(selected.context === undefined ? {} : { context: selected.context.name }),
    probed: options.probe,
    notices,
    items: [
      ...items,
      ...selected.refused.map((node) => untouched(node, "failed")),
      ...selected.skipped.map((node) => untouched(node, "skipped")),
    ],
  };
}

interface Means {
  readonly options: DoctorOptions;
  readonly resolver: HostResolver;
  readonly previews: Previews;
  /** Of all probes together. */
  readonly passwords: Passwords;
  readonly trial: Trial;
}

async function diagnose(target: Target, means: Means): Promise<DiagnosedNode> {
  const { options, resolver, previews } = means;
  options.signal.throwIfAborted();
  const node = {
    node: target.name,
    ...(target.node === undefined ? {} : { uid: target.node.uid }),
  };
  let route: HostRoute;
  let chosen: ChosenTransport;
  try {
    route = await resolver.routeTo(target);
    chosen = await previews.choose(route);
  } catch (error) {
    return { ...node, result: "failed", route: [], problems: [problemOf(error)] };
  }
  const { notices, ...choice } = chosen;
  const looked = await lookAtRoute(target, { route, transport: choice.transport }, means);
  const found = {
    ...node,
    ...choice,
    route: looked.map(({ host }) => host),
  } as const;
  const troubles = looked.flatMap((one) => one.troubles);
  if (!options.probe) {
    const obstacles = looked.flatMap(({ obstacle }) => obstacle ?? []).map(problemOf);
    const result = obstacles.length > 0 ? "failed" : "ready";
    return {
      ...found,
      result,
      problems: [...obstacles, ...troubles, ...notices.map(noticeProblem)],
    };
  }
  const { user } = route.host;
  const { steps, ...probe } = await probeNode(target, { ...means, user });
  const result = probe.failure === undefined ? "works" : "failed";
  return {
    ...found,
    ...probe.choice,
    result,
    steps,
    problems: errorsFirst([...troubles, ...problemsOf(probe)]),
  };
}

interface LookedAt {
  readonly host: DiagnosedHost;
  /** What the certificates say against themselves. */
  readonly troubles: readonly Problem[];
  readonly obstacle: PullcastError | undefined;
}

async function lookAtRoute(
  target: Target,
  {
    route: { host, jumps },
    transport,
  }: { readonly route: HostRoute; readonly transport: TransportName },
  { options, resolver, previews }: Means,
): Promise<LookedAt[]> {
  // Login name and port of the command line are the node's, as with ssh.
  const { user: _user, port: _port, ...ofJumps } = options.ssh;
  const looked: LookedAt[] = [];
  let via: string | undefined;
  for (const settings of [...jumps, host]) {
    const seen = await previews.of(settings, { via, transport });
    via = seen.at;
    const isNode = settings === host;
    const alias = settings.system?.alias;
    const sourced = await sourcedSettings(settings, {
      target: isNode ? target : { host: alias ?? settings.host },
      options: isNode ? options.ssh : ofJumps,
      resolver,
    });
    looked.push({
      host: {
        role: isNode ? "node" : "jump",
        address: seen.at,
        user: settings.user,
        ...(alias === undefined ? {} : { alias }),
        settings: sourced,
        ...meansAt(settings, seen),
      },
      troubles: seen.certificates.flatMap(({ trouble, from }) =>
        trouble === undefined
          ? []
          : [problem("PC269", "warning", { detail: `${trouble}: ${from}` })],
      ),
      obstacle: seen.obstacle,
    });
  }
  return looked;
}

/** What a host would be shown, and what it would have to show. */
function meansAt(
  { hostKeyChecking: checking }: HostSettings,
  { loginKeys, certificates, known, knownAs }: HostPreview,
): Pick<DiagnosedHost, "keys" | "certificates" | "leftOut" | "hostKey"> {
  return {
    keys: loginKeys.keys.map(({ name = "encrypted", from }) => ({ key: name, from })),
    certificates: certificates.map(({ keyId, from, principals, validBefore }) => ({
      ...{ keyId, from, principals },
      ...(validBefore === undefined ? {} : { validBefore: rfc3339(validBefore) }),
    })),
    leftOut: loginKeys.notes,
    hostKey: {
      knownAs,
      checking,
      known: known.map(({ blob, file, line, marker }) => ({
        key: describeKey(blob),
        place: `${file}:${line}`,
        ...(marker === "" ? {} : { marker }),
      })),
    },
  };
}

function problemsOf({ failure, warnings }: Pick<Probe, "failure" | "warnings">): Problem[] {
  return [...(failure === undefined ? [] : [failure]), ...warnings.map(noticeProblem)];
}

/** @param seconds - since 1970; a certificate may name any */
function rfc3339(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? "9999-12-31T23:59:59.000Z" : date.toISOString();
}

/** @throws what is no failure of a node but a bug */
function problemOf(error: unknown): Problem {
  if (!(error instanceof PullcastError)) throw error;
  const { code, message, fix } = error;
  return { code, severity: "error", message, fix };
}

/** A node that was selected and is left alone, and why. */
function untouched(
  { name, code, message }: SkippedNode,
  result: "failed" | "skipped",
): DiagnosedNode {
  const severity = result === "failed" ? "error" : "warning";
  const { fix } = describeCode(code);
  return { node: name, result, route: [], problems: [{ code, severity, message, fix }] };
}
