import { createHash, randomBytes } from "node:crypto";
import type { Pod } from "../cluster/pods.ts";

/** Found on every pod of pullcast's, so that `pullcast cleanup` finds it too. */
export const MANAGED_BY = "app.kubernetes.io/managed-by=pullcast,pullcast.dev/run";

/** Holds a value that nobody knew before the pod was sent: a namesake that was there first has another one. */
const TOKEN = "pullcast.dev/token";

/** A pod of one run, for one node or for whichever takes it. */
export interface PodFrame {
  /** What it is for: its name begins so. */
  readonly app: "pullcast-verify" | "pullcast-trust";
  readonly run: string;
  /** Absent: the scheduler chooses. */
  readonly node?: string;
  /** Tells a run's pods apart. */
  readonly index: number;
  /** From `newPodToken`, for this pod alone. */
  readonly token: string;
  /** The API server ends the pod after this, even if nobody is left to remove it, s. */
  readonly deadlineSeconds: number;
}

/** The label selector of one run's pods. */
export function runSelector(run: string): string {
  return `app.kubernetes.io/managed-by=pullcast,pullcast.dev/run=${run}`;
}

/** 128 random bits: who sees a run's pods knows the run's label, but not the next pod's token. */
export function newPodToken(): string {
  return randomBytes(16).toString("hex");
}

/** Whether a pod is the very one that was sent with this token. */
export function isOwnPod(pod: Pod, token: string): boolean {
  return pod.metadata.annotations?.[TOKEN] === token;
}

/** What all of pullcast's pods share: pinned to the node, tolerating all taints, with no token and no rights. */
export function podFrame({ app, run, node, index, token, deadlineSeconds }: PodFrame) {
  const hashOf = (name: string) => createHash("sha256").update(name).digest("hex").slice(0, 16);
  return {
    metadata: {
      // With a part of the token, nobody can take the next name first either.
      name: `${app}-${run.toLowerCase()}-${index}-${token.slice(0, 8)}`,
      labels: {
        "app.kubernetes.io/name": app,
        "app.kubernetes.io/managed-by": "pullcast",
        "pullcast.dev/run": run,
        ...(node === undefined ? {} : { "pullcast.dev/node": hashOf(node) }),
        "sidecar.istio.io/inject": "false",
      },
      annotations: { "linkerd.io/inject": "disabled", [TOKEN]: token },
    },
    spec: {
      ...(node === undefined ? {} : { nodeName: node }),
      restartPolicy: "Never",
      activeDeadlineSeconds: deadlineSeconds,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      // The scheduler is to choose among nodes that take such pods anyway.
      ...(node === undefined ? {} : { tolerations: [{ operator: "Exists" }] }),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65534,
        runAsGroup: 65534,
        seccompProfile: { type: "RuntimeDefault" },
      },
    },
  };
}

/** What the containers of these pods share. */
export const CONTAINER_FRAME = {
  resources: {
    requests: { cpu: "1m", memory: "8Mi" },
    limits: { cpu: "100m", memory: "64Mi" },
  },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  },
} as const;

/** What a pod must still be after its admission. */
export interface ExpectedPod {
  readonly image: string;
  /** Absent: any. */
  readonly node?: string;
  readonly token: string;
}

/** How an admitted pod differs from what was sent, as a clause, or `undefined`. */
export function frameFault(pod: Pod, expected: ExpectedPod): string | undefined {
  const { initContainers = [], containers = [], nodeName } = pod.spec;
  if (expected.node !== undefined && nodeName !== expected.node)
    return "the pod was moved to another node";
  if (initContainers.length > 0) return "init containers were added";
  const [first, ...others] = containers;
  if (others.length > 0) return "containers were added";
  if (first?.image !== expected.image) return `the image was changed to ${first?.image ?? "none"}`;
  if (!isOwnPod(pod, expected.token)) return "its annotation with this run's token was changed";
  return undefined;
}
