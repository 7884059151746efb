import { performance } from "node:perf_hooks";
import { apiRefusal } from "../../cluster/api-http.ts";
import { readContext } from "../../cluster/context.ts";
import { type Gateway, openGateway } from "../../cluster/gateway.ts";
import { WAIT_LABEL } from "../../deploy/model.ts";
import { describeCode, PullcastError } from "../../errors.ts";
import type { ClusterNode } from "../../model.ts";
import { pause } from "../../util/pause.ts";
import type { AgentItem, AgentReport, AgentRunOptions } from "./model.ts";
import { type DaemonSet, readDaemonSet, surveyAgent } from "./survey.ts";

/** Who applies the DaemonSet and what belongs to it; and who labels nodes that wait. */
const FIELD_MANAGER = "pullcast-agent";
const WAVE_MANAGER = "pullcast-agent-wave";

const POLL_MS = 500;
/** Between looks at all pods, where the DaemonSet's own numbers tell that it is not there yet. */
const LOOK_MS = 2000;
/** In a row, in which a pod that was restarted says why it is not ready. */
const MAX_FAILING_LOOKS = 5;

/** One run's way to the cluster, and what its report begins with. */
export interface AgentSession {
  readonly gateway: Gateway;
  facts(): Pick<
    AgentReport,
    "kind" | "namespace" | "name" | "startedAt" | "durationMs" | "context" | "interrupted"
  >;
}

/** @throws {PullcastError} PC101 to PC106; what `work` throws */
export async function withAgentSession<Outcome>(
  options: AgentRunOptions,
  work: (session: AgentSession) => Promise<Outcome>,
): Promise<Outcome> {
  const { kubectl, signal, namespace, name } = options;
  const startedAt = new Date().toISOString();
  const began = performance.now();
  const context = await readContext(kubectl, signal);
  const gateway = await openGateway(kubectl, signal);
  try {
    return await work({
      gateway,
      facts: () => ({
        kind: "AgentReport",
        namespace,
        name,
        startedAt,
        durationMs: Math.round(performance.now() - began),
        ...(context === undefined ? {} : { context: context.name }),
        interrupted: signal.aborted,
      }),
    });
  } finally {
    await gateway.close();
  }
}

interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const PLURALS: Readonly<Record<string, string>> = {
  Namespace: "namespaces",
  ServiceAccount: "serviceaccounts",
  NetworkPolicy: "networkpolicies",
  DaemonSet: "daemonsets",
  Secret: "secrets",
};

/** The path of an object in the API, or of all of its kind in its namespace. */
export function objectPath({ apiVersion, kind, metadata }: ApiObject, all = false): string {
  const base = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  const { namespace, name } = metadata;
  const within = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${base}${within}/${PLURALS[kind]}${all ? "" : `/${encodeURIComponent(name)}`}`;
}

/**
 * Applies an object as the agent's, server-side.
 *
 * @param isOurs - it is known to be no one else's
 * @throws {PullcastError} PC185 where others own a part of it, PC103 to PC106
 */
export async function applyObject(
  gateway: Gateway,
  object: object,
  { isOurs = false }: { readonly isOurs?: boolean } = {},
): Promise<void> {
  const whole = object as ApiObject;
  // What kubectl rollout changed of ours is ours all the same.
  const query = new URLSearchParams({
    fieldManager: FIELD_MANAGER,
    ...(isOurs ? { force: "true" } : {}),
  });
  const answer = await gateway.request("PATCH", `${objectPath(whole)}?${query}`, object);
  if (answer.status === 200 || answer.status === 201) return;
  const about = `${whole.kind.toLowerCase()} ${whole.metadata.name}`;
  const refusal = apiRefusal(answer, about);
  if (answer.status !== 409) throw refusal;
  throw new PullcastError("PC185", { detail: refusal.detail });
}

/** Deletes an object; one that is not there is no failure. */
export async function deleteObject(gateway: Gateway, object: ApiObject): Promise<void> {
  const answer = await gateway.request("DELETE", objectPath(object));
  if (answer.status !== 404 && answer.status >= 300)
    throw apiRefusal(answer, `${object.kind.toLowerCase()} ${object.metadata.name}`);
}

/** Labels nodes that are to wait, or takes the label off. */
export async function labelWaiting(
  gateway: Gateway,
  nodes: readonly ClusterNode[],
  waits: boolean,
): Promise<void> {
  for (const { name, uid } of nodes) {
    const path = `/api/v1/nodes/${encodeURIComponent(name)}?fieldManager=${WAVE_MANAGER}&force=true`;
    const labels = waits ? { [WAIT_LABEL]: "true" } : {};
    const node = { apiVersion: "v1", kind: "Node", metadata: { name, uid, labels } };
    const answer = await gateway.request("PATCH", path, node);
    // One that is gone waits for nothing.
    if (answer.status !== 200 && answer.status !== 404 && answer.status !== 409)
      throw apiRefusal(answer, `node ${name}`);
  }
}

/** What a wait for the DaemonSet came to. */
export interface AgentWait {
  readonly isReady: boolean;
  readonly items: readonly AgentItem[];
}

/**
 * Waits until the DaemonSet's pods are all of its revision, and ready. Ends early where a pod goes on saying why it
 * can't be: a restart may mend it, but not for ever.
 *
 * @throws {PullcastError} PC184 where it is gone, PC103 to PC106
 */
export async function awaitAgent(
  { gateway }: AgentSession,
  { signal, ...place }: Pick<AgentRunOptions, "namespace" | "name" | "signal">,
  timeoutMs: number,
): Promise<AgentWait> {
  const end = Date.now() + timeoutMs;
  let nextLook = Date.now() + LOOK_MS;
  let failingLooks = 0;
  for (;;) {
    const daemonSet = await readDaemonSet(gateway, place);
    if (daemonSet === undefined) throw noAgent(place);
    const seemsReady = isRolledOut(daemonSet);
    const isOver = signal.aborted || Date.now() >= end;
    if (seemsReady || isOver || Date.now() >= nextLook) {
      const items = await surveyAgent(gateway, place, daemonSet);
      // Its numbers are older than a label that was taken off just now.
      const isReady = seemsReady && items.every(({ state }) => DONE.has(state));
      if (isReady || isOver) return { isReady, items };
      const fails = items.some(({ code, restarts = 0 }) => code !== undefined && restarts > 0);
      failingLooks = fails ? failingLooks + 1 : 0;
      if (failingLooks >= MAX_FAILING_LOOKS) return { isReady, items };
      nextLook = Date.now() + LOOK_MS;
    }
    await pause(POLL_MS, signal);
  }
}

/** How nodes stand that there is nothing to wait for. */
const DONE: ReadonlySet<AgentItem["state"]> = new Set<AgentItem["state"]>(["ready", "waiting"]);

function isRolledOut({ metadata, status = {} }: DaemonSet): boolean {
  const { observedGeneration = 0, desiredNumberScheduled = 0 } = status;
  return (
    observedGeneration >= metadata.generation &&
    (status.updatedNumberScheduled ?? 0) === desiredNumberScheduled &&
    (status.numberReady ?? 0) === desiredNumberScheduled
  );
}

/** @returns the error that says so */
export function noAgent({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}) {
  const { fix } = describeCode("PC184");
  return new PullcastError("PC184", { detail: `daemonset ${namespace}/${name}`, fix });
}
