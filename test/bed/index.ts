/** The bed: real machines in containers, for tests and by hand. */
export { bedNames, downBed, findBed, listBeds, upBed } from "./bed.ts";
export { ensureHostTools, type HostTool } from "./host-tools.ts";
export { runKubectl, startKubectl } from "./kubectl.ts";
export {
  type Bed,
  BedError,
  type BedImage,
  type BedNode,
  type BedRegistry,
  type BedSsh,
  type BedState,
  CONTAINERDS,
  type ExecOptions,
  type ExecResult,
  type Kubelet,
  type Progress,
  type Shell,
  type UpOptions,
} from "./model.ts";
export {
  type ImageContent,
  type PushedImage,
  type PushTarget,
  pushImage,
  pushIndex,
} from "./push-image.ts";
