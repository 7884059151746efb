import type { OptionSpec } from "./specs.ts";

/** Where blobs are between runs. */
export const PRELOAD_CACHE: OptionSpec = {
  name: "cache",
  value: "DIR",
  text: "where blobs are kept between runs, an OCI layout (default: $XDG_CACHE_HOME/pullcast/images)",
};

/** How much of nodes and of the way to them a preload takes. */
export const PRELOAD_LIMITS: readonly OptionSpec[] = [
  {
    name: "disk-limit",
    value: "PERCENT",
    text: "how full a node's disk may get (default: where its kubelet begins to remove images)",
  },
  {
    name: "bandwidth",
    value: "RATE",
    text: "bytes a second to all nodes together, for instance 20MB",
  },
  { name: "node-bandwidth", value: "RATE", text: "bytes a second to each node" },
  {
    name: "layer-timeout",
    value: "TIME",
    default: "30m",
    text: "how long one layer may take to a node",
  },
];

/** A set of images that a watch holds. */
export const PRELOAD_SET: readonly OptionSpec[] = [
  {
    name: "preload",
    value: "IMAGE",
    many: true,
    text: "bring this image to each node that is served; what its tag means is asked once",
  },
  {
    name: "preload-set",
    value: "NAME",
    text: "the set that holds these images (default: watch)",
  },
  PRELOAD_CACHE,
  ...PRELOAD_LIMITS,
];
