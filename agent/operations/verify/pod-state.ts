import type { ContainerState, Pod } from "../../cluster/pods.ts";

/** What a pod's status says about the pull of its image. */
export type PodState =
  /** Nothing yet. */
  | { readonly type: "pending" }
  /** The image is on the node. `ended`: the container has no more to say. */
  | { readonly type: "pulled"; readonly ended: boolean; readonly ran: "exited" | "no shell" | "-" }
  /** The kubelet tried to pull and could not; `detailed`: the words are the registry's, not only "back-off". */
  | { readonly type: "refused"; readonly message: string; readonly detailed: boolean }
  /** The pod came to an end that says nothing about the pull. */
  | { readonly type: "broken"; readonly message: string };

/** Reasons that the kubelet gives after the pull only (kubelet: kuberuntime_container.go, 1.35). */
const AFTER_PULL = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "PreStartHookError",
  "PostStartHookError",
  "PreCreateHookError",
  "RunContainerError",
  "CrashLoopBackOff",
]);

/** Reasons of a failed pull (kubelet: pkg/kubelet/images/types.go, 1.35). */
const PULL_FAILED = new Set(["ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"]);

const NEVER_PULLED = new Set([
  "InvalidImageName",
  "ImageInspectError",
  "ErrImageNeverPull",
  "SignatureValidationFailed",
]);

const NO_PROGRAM = /executable file[^:]*not found|no such file or directory|not found in \$PATH/i;

/** Reads the state of a test pod, which has one container. */
export function readPodState(pod: Pod): PodState {
  const { status } = pod;
  const [container] = status?.containerStatuses ?? [];
  const state = container?.state;
  if (state !== undefined) {
    const read = readContainer(state, container?.imageID ?? "");
    if (read.type !== "pending") return read;
  }
  // Refused by the kubelet (OutOfpods, NodeAffinity, …) or over its time.
  if (status?.phase === "Failed") {
    const reason = status.reason ?? "Failed";
    const message = status.message ?? "";
    return { type: "broken", message: message === "" ? reason : `${reason}: ${message}` };
  }
  return { type: "pending" };
}

function readContainer(state: ContainerState, imageId: string): PodState {
  if (state.terminated !== undefined) return readTerminated(state.terminated, imageId);
  if (state.running !== undefined) return { type: "pulled", ended: false, ran: "-" };
  const { reason = "", message = "" } = state.waiting ?? {};
  if (AFTER_PULL.has(reason)) return { type: "pulled", ended: true, ran: ranBy(message) };
  if (PULL_FAILED.has(reason)) {
    // Newer kubelets repeat the cause after the back-off's own words.
    const cause = message.replace(/^Back-off pulling image (?:"[^"]*"|\S+):?\s*/, "");
    const detailed = cause !== "" && !/^\w+$/.test(cause);
    return { type: "refused", message: detailed ? cause : message, detailed };
  }
  if (NEVER_PULLED.has(reason)) {
    return { type: "broken", message: message === "" ? reason : `${reason}: ${message}` };
  }
  return { type: "pending" };
}

function readTerminated(
  { exitCode, reason = "", message = "" }: NonNullable<ContainerState["terminated"]>,
  imageId: string,
): PodState {
  // The kubelet's way to say that it lost the container: it may never have been pulled.
  if (reason === "ContainerStatusUnknown" || (imageId === "" && reason === "")) {
    return { type: "broken", message: message === "" ? "the container was lost" : message };
  }
  if (exitCode === 0) return { type: "pulled", ended: true, ran: "exited" };
  return { type: "pulled", ended: true, ran: ranBy(message) };
}

function ranBy(message: string): "no shell" | "-" {
  return NO_PROGRAM.test(message) ? "no shell" : "-";
}
