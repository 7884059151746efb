import type { Pod } from "../../cluster/pods.ts";
import {
  CONTAINER_FRAME,
  type ExpectedPod,
  frameFault,
  type PodFrame,
  podFrame,
} from "../pod-frame.ts";

/** What a test pod prints where its image can run `echo`. */
export const SUCCESS = "SUCCESS";

type TestPod = Omit<PodFrame, "app"> & {
  /** Image reference, handed to the kubelet as it is. */
  readonly image: string;
  readonly policy?: PullPolicy | undefined;
};

/** Whether the kubelet is to pull in any case, or to take what it has and nothing else. @default Always */
export type PullPolicy = "Always" | "IfNotPresent" | "Never";

/**
 * A pod that makes the kubelet of one node pull an image with the node's own credentials: it always pulls.
 * The pull secret without a name keeps admission from adding the ServiceAccount's, and the kubelet
 * ignores it (kubernetes: plugin/pkg/admission/serviceaccount, 1.35).
 */
export function buildTestPod({ image, policy, ...frame }: TestPod): object {
  const { metadata, spec } = podFrame({ app: "pullcast-verify", ...frame });
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: {
      ...spec,
      imagePullSecrets: [{ name: "" }],
      containers: [pullContainer(image, policy)],
    },
  };
}

/** The container that makes a kubelet pull, whatever it has already; or start what it has. */
export function pullContainer(image: string, policy: PullPolicy = "Always"): object {
  return {
    name: "pull",
    image,
    imagePullPolicy: policy,
    command: ["echo", SUCCESS],
    ...CONTAINER_FRAME,
  };
}

/**
 * How an admitted pod differs from what was sent in a way that spoils the proof, as a clause, or `undefined`.
 * Admission may rewrite the image, add pull secrets, or add containers that pull as well.
 */
export function podFault(
  pod: Pod,
  expected: ExpectedPod,
  policy: PullPolicy = "Always",
): string | undefined {
  const { imagePullSecrets = [], containers = [] } = pod.spec;
  const secrets = imagePullSecrets.flatMap(({ name }) => (name ? [name] : []));
  if (secrets.length > 0) return `pull secrets were added: ${secrets.join(", ")}`;
  // With an empty list admission would have added the ServiceAccount's secrets, if it had any.
  if (imagePullSecrets.length === 0) return "the empty pull secret was removed";
  const fault = frameFault(pod, expected);
  if (fault !== undefined) return fault;
  return containers[0]?.imagePullPolicy === policy ? undefined : "the pull policy was changed";
}
