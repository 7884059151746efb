/**
 * Where the DaemonSet writes.
 * - `kubelet`: config.json in the kubelet's root directory, which is mounted as a whole
 * - `provider`: pullcast's own directory, whose file the kubelet's credential provider prints
 * - `root-docker`: config.json in `/.docker`, which the kubelet reads last: one in its root directory hides it
 */
export type AgentTarget = "kubelet" | "provider" | "root-docker";

/** How the DaemonSet is made. */
export interface AgentSettings {
  readonly namespace: string;
  /** Of the DaemonSet, and what the others' names begin with. */
  readonly name: string;
  readonly image: string;
  readonly target: AgentTarget;
  /** The kubelet's root directory. */
  readonly rootDir: string;
  /** Nodes at once in a rollout: a count or a share like `10%`. */
  readonly maxUnavailable: string;
  /** How often the file is looked at where nothing tells of a change, s. */
  readonly pollSeconds: number;
  /** Take the credentials back when a pod stops, also in each rollout. */
  readonly takeBackOnStop: boolean;
  /** Labels that a node must have. */
  readonly nodeSelector: Readonly<Record<string, string>>;
}

/** What stands in a label of nodes that are not to be served yet. */
export const WAIT_LABEL = "pullcast.dev/agent-wait";

/** Of what keeps a DaemonSet's credentials fresh, and of the Lease that it holds. */
export function controllerName(name: string): string {
  return `${name}-controller`;
}

/** Names the Secret of a pod's revision, for people and for status. */
export const REVISION = "pullcast.dev/revision";

/** The label selector of all that belongs to one DaemonSet. */
export function agentSelector(name: string): string {
  return Object.entries(agentLabels(name))
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

/** On all that belongs to one DaemonSet. */
export function agentLabels(name: string): Readonly<Record<string, string>> {
  return {
    "app.kubernetes.io/name": "pullcast-agent",
    "app.kubernetes.io/instance": name,
    "app.kubernetes.io/managed-by": "pullcast",
  };
}
