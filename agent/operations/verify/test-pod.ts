import { createHash, randomBytes } from "node:crypto";
import type { Pod } from "../../cluster/pods.ts";

/** Found on every test pod, so that `pullcast cleanup` finds it too. */
export const MANAGED_BY = "app.kubernetes.io/managed-by=pullcast,pullcast.dev/run";

/** Holds a value that nobody knew before the pod was sent: a namesake that was there first has another one. */
const TOKEN = "pullcast.dev/token";

/** What a test pod prints where its image can run `echo`. */
export const SUCCESS = "SUCCESS";

interface TestPod {
  readonly run: string;
  readonly node: string;
  /** Image reference, handed to the kubelet as it is. */
  readonly image: string;
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

/**
 * A pod that makes the kubelet of one node pull an image with the node's own credentials:
 * pinned to the node, tolerating all taints, always pulling, with no token and no rights.
 * The pull secret without a name keeps admission from adding the ServiceAccount's, and the kubelet
 * ignores it (kubernetes: plugin/pkg/admission/serviceaccount, 1.35).
 */
export function buildTestPod(options: TestPod): object {
  const { run, node, image, index, token, deadlineSeconds } = options;
  const nodeHash = createHash("sha256").update(node).digest("hex").slice(0, 16);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      // With a part of the token, nobody can take the next name first either.
      name: `pullcast-verify-${run.toLowerCase()}-${index}-${token.slice(0, 8)}`,
      labels: {
        "app.kubernetes.io/name": "pullcast-verify",
        "app.kubernetes.io/managed-by": "pullcast",
        "pullcast.dev/run": run,
        "pullcast.dev/node": nodeHash,
        "sidecar.istio.io/inject": "false",
      },
      annotations: { "linkerd.io/inject": "disabled", [TOKEN]: token },
    },
    spec: {
      nodeName: node,
      restartPolicy: "Never",
      activeDeadlineSeconds: deadlineSeconds,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      imagePullSecrets: [{ name: "" }],
      tolerations: [{ operator: "Exists" }],
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65534,
        runAsGroup: 65534,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [container(image)],
    },
  };
}

function container(image: string): object {
  return {
    name: "pull",
    image,
    imagePullPolicy: "Always",
    command: ["echo", SUCCESS],
    resources: {
      requests: { cpu: "1m", memory: "8Mi" },
      limits: { cpu: "100m", memory: "64Mi" },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  };
}

/** What a pod must still be to prove anything. */
export interface ExpectedPod {
  readonly image: string;
  readonly node: string;
  readonly token: string;
}

/**
 * How an admitted pod differs from what was sent in a way that spoils the proof, as a clause, or `undefined`.
 * Admission may rewrite the image, add pull secrets, or add containers that pull as well.
 */
export function podFault(pod: Pod, expected: ExpectedPod): string | undefined {
  const { imagePullSecrets = [], initContainers = [], containers = [], nodeName } = pod.spec;
  const secrets = imagePullSecrets.flatMap(({ name }) => (name ? [name] : []));
  if (secrets.length > 0) return `pull secrets were added: ${secrets.join(", ")}`;
  // With an empty list admission would have added the ServiceAccount's secrets, if it had any.
  if (imagePullSecrets.length === 0) return "the empty pull secret was removed";
  if (nodeName !== expected.node) return "the pod was moved to another node";
  if (initContainers.length > 0) return "init containers were added";
  const [first, ...others] = containers;
  if (others.length > 0) return "containers were added";
  if (first?.image !== expected.image) return `the image was changed to ${first?.image ?? "none"}`;
  if (first.imagePullPolicy !== "Always") return "the pull policy was changed";
  if (!isOwnPod(pod, expected.token)) return "its annotation with this run's token was changed";
  return undefined;
}
