import { PRELOAD_CACHE, PRELOAD_LIMITS } from "../../options/preload-specs.ts";
import {
  KUBECTL,
  type OptionGroup,
  OUTPUT,
  REGISTRY_CA,
  REPORT_OUTPUT,
  SOURCE,
  SSH,
  TARGETS,
  WAVES,
} from "../../options/specs.ts";
import type { CommandSpec } from "../command-spec.ts";

const IMAGES_FROM = {
  name: "images-from",
  value: "PATH|docker",
  text: "an OCI layout, an archive of one or of docker save, or the local Docker engine",
} as const;

const CREDENTIALS: OptionGroup = {
  title: "Source",
  options: [IMAGES_FROM, ...SOURCE, REGISTRY_CA, PRELOAD_CACHE],
};

const SET = { name: "set", value: "NAME", text: "only what this set holds" } as const;

/** A proof of each wave is --verify here. */
const PRELOAD_WAVES = WAVES.filter(({ name }) =>
  ["waves", "wave-by", "max-failures"].includes(name),
);

export const PRELOAD_COMMANDS: readonly CommandSpec[] = [
  {
    name: "preload",
    operand: "IMAGE... [NODE...]",
    summary: "Bring images to all nodes over SSH: only the layers that each lacks",
    about: [
      "What a tag means is asked once, for all nodes. Each layer is read from its registry once, with the credentials of this machine, and goes over SSH into each node's containerd; layers that are there or unpacked are not sent. Nothing is installed or configured on a node, and after a cut link it goes on where it was.",
      "An operand with a slash, a colon or an at sign is an image, any other a node. The image is there by its tag and by its digest, unpacked, and pinned, so that the kubelet does not remove it when its disk fills up (containerd 1.6.22, 1.7.3 or newer). A pod of it starts without a registry, unless its imagePullPolicy is Always.",
      "With --images-from the images come from this machine, each by the name that it has there; without an IMAGE, all of a file or folder. An image of docker save keeps its ID and not its registry's digest. To make images of several platforms is the business of docker buildx and docker manifest.",
      "A preloaded private image can be run by every pod on the node, whatever its namespace.",
    ],
    examples: [
      ["What each node lacks", "preload registry.example.com/team/app:1.4 --dry-run"],
      ["All nodes, and a proof", "preload registry.example.com/team/app:1.4 --verify"],
      [
        "A set, one node first",
        "preload ghcr.io/a/b:2 ghcr.io/a/c:1 --set base --waves 1,100% --verify",
      ],
      ["Where no registry can be reached", "preload --images-from app.tar"],
      [
        "Two images on two nodes",
        "preload docker.io/library/nginx:1.27 ghcr.io/a/b:2 worker-1 worker-2",
      ],
    ],
    groups: [
      TARGETS,
      {
        title: "Preload",
        options: [
          { name: "dry-run", text: "look what each node lacks, and send nothing" },
          {
            name: "verify",
            text: "start a pod with imagePullPolicy Never for each image on each node",
          },
          {
            name: "namespace",
            short: "n",
            value: "NAME",
            text: "namespace of these pods (default: the context's)",
          },
          { name: "timeout", value: "TIME", default: "2m", text: "how long they may take" },
          {
            name: "way",
            value: "WAY",
            choices: ["auto", "tunnel", "ingest", "pull"],
            default: "auto",
            text: "as a pull of containerd's through the SSH connection; or over SSH into its store (auto: where a node forwards no port, or its link was lost); or by the kubelet from the registry, with a pod and the node's own credentials",
          },
          {
            ...SET,
            text: "the set that holds the images; what it held before and not now is unpinned",
          },
          { name: "no-pin", text: "let the kubelet remove the images when its disk fills up" },
          ...PRELOAD_LIMITS,
        ],
      },
      { title: "Waves", options: PRELOAD_WAVES },
      CREDENTIALS,
      SSH,
      KUBECTL,
      REPORT_OUTPUT,
    ],
  },
  {
    name: "preload status",
    operand: "[NODE...]",
    summary: "Tell which preloaded images each node has, and where a set is not whole",
    about: [
      "Asks each node's containerd what pullcast holds there; changes nothing. Where a set holds an image on other nodes and a node lacks it, or has it with another digest than most, that is drift: exit code 5, and the same preload again puts it right.",
    ],
    examples: [["One set on all nodes", "preload status --set base"]],
    groups: [TARGETS, { title: "Preload", options: [SET] }, SSH, KUBECTL, REPORT_OUTPUT],
  },
  {
    name: "preload list",
    operand: "[NODE...]",
    summary: "List the images that pullcast holds on nodes: their digests, sets, how many nodes",
    about: ["Asks each node's containerd; changes nothing. -o json has it node by node."],
    examples: [["What one set holds", "preload list --set base"]],
    groups: [TARGETS, { title: "Preload", options: [SET] }, SSH, KUBECTL, REPORT_OUTPUT],
  },
  {
    name: "preload prune",
    operand: "[NODE...]",
    summary: "Unpin preloaded images that no set holds, so that kubelets may remove them",
    about: [
      "Images stay on the node until its kubelet needs the room. With --set that set goes: what other sets hold stays pinned, and so does what others than pullcast pinned.",
    ],
    examples: [
      ["What no set holds", "preload prune"],
      ["A set that is over", "preload prune --set release-41"],
    ],
    groups: [TARGETS, { title: "Preload", options: [SET] }, SSH, KUBECTL, REPORT_OUTPUT],
  },
  {
    name: "image",
    operand: "IMAGE...",
    summary: "Tell what an image is: its digest, platforms and sizes, and which nodes each is for",
    about: [
      "Asks the registry with the credentials of this machine. With a cluster it also tells which nodes each platform serves, and which nodes none does: exit code 5.",
    ],
    examples: [["Before a rollout", "image registry.example.com/team/app:1.4"]],
    groups: [CREDENTIALS, KUBECTL, OUTPUT],
  },
];
