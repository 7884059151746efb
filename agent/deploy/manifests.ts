import {
  type AgentSettings,
  type AgentTarget,
  agentLabels,
  REVISION,
  WAIT_LABEL,
} from "./model.ts";

/** Where the program sees the node's directory, and its revision. */
export const HOST_DIR = "/host";
const REVISION_DIR = "/revision";
const PROGRAM = ["/bin/sh", "/opt/pullcast/keep"];

/** What the DaemonSet's pods do. */
export type AgentMode = "keep" | "take-back";

/** The DaemonSet and all that it needs but its revision's Secret, in the order in which it is made. */
export function agentManifests(
  settings: AgentSettings,
  pods: { readonly revision: string; readonly mode: AgentMode },
): object[] {
  return [...agentSurroundings(settings), daemonSet(settings, pods)];
}

/** What is there before the DaemonSet. */
export function agentSurroundings({
  namespace,
  name,
}: Pick<AgentSettings, "namespace" | "name">): object[] {
  const labels = agentLabels(name);
  const metadata = { name, namespace, labels };
  return [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: namespace,
        labels: {
          "app.kubernetes.io/managed-by": "pullcast",
          // hostPath is all that the pods need of it.
          "pod-security.kubernetes.io/enforce": "privileged",
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata,
      automountServiceAccountToken: false,
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata,
      spec: { podSelector: { matchLabels: labels }, policyTypes: ["Ingress", "Egress"] },
    },
  ];
}

/** The DaemonSet alone; its pods name their revision, so that another one is a rollout. */
export function daemonSet(
  settings: AgentSettings,
  { revision, mode }: { readonly revision: string; readonly mode: AgentMode },
): object {
  const { namespace, name, maxUnavailable, nodeSelector } = settings;
  const labels = agentLabels(name);
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name, namespace, labels },
    spec: {
      // The one before is kept, for rollout undo.
      revisionHistoryLimit: 1,
      selector: { matchLabels: labels },
      updateStrategy: {
        type: "RollingUpdate",
        rollingUpdate: { maxUnavailable: portion(maxUnavailable) },
      },
      template: {
        metadata: { labels, annotations: { [REVISION]: revision } },
        spec: {
          serviceAccountName: name,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          priorityClassName: "system-node-critical",
          terminationGracePeriodSeconds: 10,
          nodeSelector: { "kubernetes.io/os": "linux", ...nodeSelector },
          tolerations: [{ operator: "Exists" }],
          affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: MEANT } },
          securityContext: { seccompProfile: { type: "RuntimeDefault" } },
          containers: [container(settings, mode)],
          volumes: [
            { name: "host", hostPath: hostPath(settings) },
            { name: "revision", secret: { secretName: revision, defaultMode: 0o400 } },
          ],
        },
      },
    },
  };
}

/** Not nodes that wait for their wave, nor those without a kubelet of their own. */
const MEANT = {
  nodeSelectorTerms: [
    {
      matchExpressions: [
        { key: WAIT_LABEL, operator: "DoesNotExist" },
        { key: "type", operator: "NotIn", values: ["virtual-kubelet"] },
      ],
    },
  ],
};

/** What asks a pod whether it has done what its mode is. */
export function probeCommand(mode: AgentMode): string[] {
  return [...PROGRAM, mode === "keep" ? "ready" : "gone"];
}

function container({ image, pollSeconds, takeBackOnStop }: AgentSettings, mode: AgentMode): object {
  const probe = { exec: { command: probeCommand(mode) } };
  return {
    name: "agent",
    image,
    imagePullPolicy: "IfNotPresent",
    args: [mode],
    env: [{ name: "PULLCAST_POLL_SECONDS", value: String(pollSeconds) }],
    // A fresh pod is looked at each second, one that has been ready seldom: each look is a process.
    startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 60 },
    readinessProbe: { ...probe, periodSeconds: 10, failureThreshold: 1 },
    ...(takeBackOnStop && mode === "keep"
      ? { lifecycle: { preStop: { exec: { command: [...PROGRAM, "undo"] } } } }
      : {}),
    resources: { requests: { cpu: "1m", memory: "8Mi" }, limits: { memory: "24Mi" } },
    securityContext: {
      runAsUser: 0,
      runAsNonRoot: false,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [
      { name: "host", mountPath: HOST_DIR },
      { name: "revision", mountPath: REVISION_DIR, readOnly: true },
    ],
  };
}

function hostPath({ target, rootDir }: AgentSettings): object {
  const paths: Readonly<Record<AgentTarget, string>> = {
    kubelet: rootDir,
    provider: "/var/lib/pullcast",
    "root-docker": "/.docker",
  };
  // A kubelet's root directory that is not there is a wrong one.
  return { path: paths[target], type: target === "kubelet" ? "Directory" : "DirectoryOrCreate" };
}

/** As the API takes it: a count is a number. */
function portion(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}
