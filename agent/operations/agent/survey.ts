import { apiRefusal } from "../../cluster/api-http.ts";
import type { Gateway } from "../../cluster/gateway-contract.ts";
import { listAll } from "../../cluster/list-all.ts";
import { skipReason } from "../../cluster/node-kinds.ts";
import { parseNodeObject } from "../../cluster/node-records.ts";
import { podsPath } from "../../cluster/pods.ts";
import { HOST_DIR } from "../../deploy/manifests.ts";
import { agentLabels, agentSelector, REVISION, WAIT_LABEL } from "../../deploy/model.ts";
import { describeCode, parseCode } from "../../errors.ts";
import type { ClusterNode } from "../../model.ts";
import { cleanText } from "../../util/clean-text.ts";
import type { AgentItem } from "./model.ts";

/** The parts of a DaemonSet that are read. */
export interface DaemonSet {
  readonly metadata: {
    readonly uid: string;
    readonly generation: number;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly template: {
      readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec: {
        readonly nodeSelector?: Readonly<Record<string, string>>;
        readonly volumes?: readonly {
          readonly name: string;
          readonly hostPath?: { readonly path: string };
        }[];
      };
    };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly desiredNumberScheduled?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberReady?: number;
  };
}

interface AgentPod {
  readonly metadata: {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly message?: string }[];
    readonly containerStatuses?: readonly {
      readonly ready?: boolean;
      readonly restartCount?: number;
      readonly state?: ContainerState;
      readonly lastState?: ContainerState;
    }[];
  };
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly terminated?: { readonly reason?: string; readonly message?: string };
}

interface Place {
  readonly namespace: string;
  readonly name: string;
}

/** The path of a DaemonSet in the API. */
export function daemonSetPath({ namespace, name }: Place): string {
  return `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/daemonsets/${encodeURIComponent(name)}`;
}

/** @throws PullcastError PC103 to PC106 */
export async function readDaemonSet(
  gateway: Gateway,
  place: Place,
): Promise<DaemonSet | undefined> {
  const answer = await gateway.request("GET", daemonSetPath(place));
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw apiRefusal(answer, `daemonset ${place.namespace}/${place.name}`);
  return answer.body as DaemonSet;
}

/** The directory of its nodes that a DaemonSet's pods write to. */
export function directoryOf({ spec }: DaemonSet): string {
  const { volumes = [] } = spec.template.spec;
  return volumes.find(({ hostPath }) => hostPath !== undefined)?.hostPath?.path ?? "";
}

/** Whether pullcast made it: a chart's DaemonSet is labelled as that of its tool. */
export function isAgent({ metadata: { labels = {} } }: DaemonSet, name: string): boolean {
  return Object.entries(agentLabels(name)).every(([key, value]) => labels[key] === value);
}

/** The revision that a DaemonSet's pods are to have. */
export function revisionOf({ spec }: DaemonSet): string | undefined {
  return spec.template.metadata?.annotations?.[REVISION];
}

/** The nodes of a cluster that a DaemonSet with this selector is for, those that wait too. */
export async function agentNodes(
  gateway: Gateway,
  nodeSelector: Readonly<Record<string, string>>,
): Promise<ClusterNode[]> {
  const objects = await listAll<unknown>(gateway, "/api/v1/nodes");
  return objects
    .flatMap((object) => parseNodeObject(object)?.node ?? [])
    .filter(
      (node) =>
        skipReason(node) === undefined &&
        Object.entries(nodeSelector).every(
          ([key, value]) => key === "kubernetes.io/os" || node.labels[key] === value,
        ),
    );
}

/**
 * How the DaemonSet stands on each node that it is for.
 *
 * @throws PullcastError PC103 to PC106
 */
export async function surveyAgent(
  gateway: Gateway,
  place: Place,
  daemonSet: DaemonSet,
): Promise<AgentItem[]> {
  const { spec } = daemonSet.spec.template;
  const [nodes, pods] = await Promise.all([
    agentNodes(gateway, spec.nodeSelector ?? {}),
    listAll<AgentPod>(gateway, podsPath(place.namespace), {
      labelSelector: agentSelector(place.name),
    }),
  ]);
  const dir = directoryOf(daemonSet);
  const byNode = new Map<string, AgentPod>();
  for (const pod of pods) {
    const { nodeName } = pod.spec ?? {};
    if (nodeName !== undefined && pod.metadata.deletionTimestamp === undefined)
      byNode.set(nodeName, pod);
  }
  const wanted = revisionOf(daemonSet);
  return nodes.map((node) => itemOf(node, { pod: byNode.get(node.name), wanted, dir }));
}

function itemOf(
  { name: node, labels }: ClusterNode,
  {
    pod,
    wanted,
    dir,
  }: {
    readonly pod: AgentPod | undefined;
    readonly wanted: string | undefined;
    readonly dir: string;
  },
): AgentItem {
  if (pod === undefined) {
    return WAIT_LABEL in labels
      ? { node, state: "waiting", message: "it is in a later wave" }
      : { node, state: "missing", code: "PC183", message: "no pod is there" };
  }
  const { [REVISION]: revision } = pod.metadata.annotations ?? {};
  const [container] = pod.status?.containerStatuses ?? [];
  const { restartCount: restarts = 0 } = container ?? {};
  const base = {
    node,
    ...(revision === undefined ? {} : { revision }),
    ...(restarts === 0 ? {} : { restarts }),
  };
  if (container?.ready === true)
    return { ...base, state: revision === wanted ? "ready" : "outdated" };
  return { ...base, state: "not-ready", ...causeOf(pod, dir) };
}

/** Why a pod is not ready: the program's own last words, else the kubelet's. */
function causeOf(pod: AgentPod, dir: string): Pick<AgentItem, "code" | "message"> {
  const [container] = pod.status?.containerStatuses ?? [];
  const { state, lastState } = container ?? {};
  const own = state?.terminated?.message ?? lastState?.terminated?.message;
  if (own !== undefined) {
    const text = cleanText(own.replaceAll(`${HOST_DIR}/`, `${dir}/`), 400);
    const code = parseCode(text.split(" ")[0] ?? "");
    if (code !== undefined) {
      const detail = text.slice(code.length + 1);
      return { code, message: `${describeCode(code).title}: ${detail}` };
    }
    return { code: "PC183", message: text };
  }
  const { waiting, terminated } = state ?? {};
  const said = waiting?.message ?? waiting?.reason ?? terminated?.reason;
  const conditions = pod.status?.conditions ?? [];
  const condition = conditions.find(({ message }) => message !== undefined)?.message;
  return {
    code: "PC183",
    message: cleanText(said ?? condition ?? "its file was not there at the last look", 400),
  };
}
