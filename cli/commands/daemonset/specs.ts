import {
  JUDGE,
  KUBECTL,
  MANIFEST_OUTPUT,
  type OptionGroup,
  OUTPUT,
  REGISTRY_CA,
  SOURCE,
  WAVES,
  YES,
} from "../../options/specs.ts";
import type { CommandSpec, GroupSpec } from "../command-spec.ts";

export const AGENT: GroupSpec = {
  name: "agent",
  summary: "Let a DaemonSet keep the credentials on all nodes, without SSH",
  about: [
    "Kubernetes itself does the fan-out: one immutable Secret for each revision, named in the pods' template, so that new credentials are a rollout, kubectl rollout status proves that every node has them, and kubectl rollout undo goes back.",
    "The pods run a shell program under a static busybox: no network, no token, no rights but to write one directory of their node.",
  ],
};

export const RENDER: GroupSpec = {
  name: "render",
  summary: "Print what would be installed, for GitOps and for templates of machines",
  about: ["Nothing is asked of a cluster, and nothing is changed."],
};

const PLACE: OptionGroup = {
  title: "Agent",
  options: [
    {
      name: "namespace",
      short: "n",
      value: "NAME",
      default: "pullcast-system",
      text: "the agent's namespace; its pod security must allow hostPath",
    },
    { name: "name", value: "NAME", default: "pullcast", text: "the DaemonSet's name" },
  ],
};

const DAEMON_SET: OptionGroup = {
  title: "DaemonSet",
  options: [
    { name: "image", value: "REF", text: "the agent's image, where all nodes can pull it" },
    {
      name: "target",
      value: "WHERE",
      choices: ["kubelet", "provider", "root-docker"],
      default: "kubelet",
      text: "kubelet: config.json in the kubelet's root directory, which is mounted; provider: pullcast's own directory, for nodes in live mode (safest); root-docker: /.docker, which a file in the root directory hides",
    },
    {
      name: "kubelet-root-dir",
      value: "DIR",
      default: "/var/lib/kubelet",
      text: "the kubelet's root directory",
    },
    {
      name: "node-label",
      value: "KEY=VALUE",
      many: true,
      text: "only nodes with this label",
    },
    {
      name: "replace",
      text: "overwrite files of others (they are kept on the node); else such a node is not ready",
    },
    {
      name: "max-unavailable",
      value: "N|N%",
      default: "10%",
      text: "nodes at once when new credentials are rolled out",
    },
    {
      name: "poll",
      value: "SECONDS",
      default: "60",
      text: "how often the file is looked at where nothing tells of a change",
    },
    {
      name: "take-back-on-stop",
      text: "take the credentials back whenever a pod stops, in rollouts as well: for charts that are simply deleted",
    },
  ],
};

const TIMEOUT = {
  name: "timeout",
  value: "TIME",
  default: "5m",
  text: "how long each wave, or the rollout, may take",
};

const CREDENTIALS: OptionGroup = {
  title: "Credentials",
  options: [...SOURCE, REGISTRY_CA, ...JUDGE.slice(0, 1), YES],
};

export const AGENT_COMMANDS: readonly CommandSpec[] = [
  {
    name: "agent install",
    summary: "Install the DaemonSet, or roll out new credentials by it",
    about: [
      "Applies a namespace, a ServiceAccount without a token, a NetworkPolicy that denies all, the revision's Secret and the DaemonSet, and waits until every node is ready: until the very file of this revision is on its disk. The same credentials again are no new revision.",
      "A first install may go in waves (--waves): nodes of later waves wait by the label pullcast.dev/agent-wait, which is taken off wave by wave; nodes that join meanwhile are served at once. A wave that does not get ready keeps the others waiting; agent install goes on with them.",
      "The mounted directory is the agent's only power, and in the kubelet's root directory that is much: who may change the DaemonSet may read all pods' volumes there. --target provider needs no more than pullcast's own directory.",
    ],
    examples: [
      ["From your docker login", "agent install --image REF"],
      ["One node first, then a tenth, then all", "agent install --image REF --waves 1,10%,100%"],
      ["Nodes in live mode", "agent install --image REF --target provider"],
    ],
    groups: [
      PLACE,
      DAEMON_SET,
      { title: "First install", options: WAVES.slice(0, 1).concat(TIMEOUT) },
      CREDENTIALS,
      KUBECTL,
      OUTPUT,
    ],
  },
  {
    name: "agent status",
    summary: "Tell how the DaemonSet stands on each node, and change nothing",
    about: [
      "ready: the file of the present revision was on the node's disk at the last look; outdated: that of another one; not-ready: the pod's own words say why. Exit code 5 means that some node is not ready.",
    ],
    examples: [["All nodes", "agent status"]],
    groups: [PLACE, KUBECTL, OUTPUT],
  },
  {
    name: "agent uninstall",
    summary: "Bring back what stood on the nodes before, and take the DaemonSet away",
    about: [
      "The pods themselves bring back what stood there before pullcast's first write, by a rollout to all nodes at once; then the DaemonSet and its Secrets go. Where a node does not get there all stays, so that it may be tried again. The namespace stays.",
    ],
    examples: [
      ["All of it", "agent uninstall"],
      ["Leave the credentials on the nodes", "agent uninstall --keep-files"],
    ],
    groups: [
      PLACE,
      {
        title: "Uninstall",
        options: [{ name: "keep-files", text: "leave the credentials on the nodes" }, TIMEOUT],
      },
      KUBECTL,
      OUTPUT,
    ],
  },
  {
    name: "render daemonset",
    summary: "Print the manifests that agent install would apply",
    about: [
      "The revision's Secret is among them and holds the credentials: send them on, or keep the Secret out of a repository with --no-secret and make it by other means.",
    ],
    examples: [
      ["Into the cluster", "render daemonset --image REF | kubectl apply --server-side -f -"],
      ["For a repository", "render daemonset --image REF --no-secret > agent.yaml"],
    ],
    groups: [
      PLACE,
      DAEMON_SET,
      {
        title: "Credentials",
        options: [
          ...SOURCE,
          REGISTRY_CA,
          ...JUDGE.slice(0, 1),
          { name: "no-secret", text: "leave out the Secret; the template still names it" },
        ],
      },
      MANIFEST_OUTPUT,
    ],
  },
  {
    name: "render controller",
    summary: "Print the manifests of what keeps the DaemonSet's credentials fresh in the cluster",
    about: [
      "A Deployment of one replica runs pullcast watch --deliver secret, with rights by name: that DaemonSet, Secrets and pods of its namespace, its Lease, the Secrets that are its source, and the list of nodes. The agent itself comes from agent install or render daemonset.",
      "With --from-cloud its identity in the cloud gives the credentials (workload identity): nothing secret is configured. --service-account-annotation and --pod-label name that identity.",
    ],
    examples: [
      [
        "From a Secret that others keep fresh",
        "render controller --image REF --from-secret ops/registry | kubectl apply -f -",
      ],
    ],
    groups: [
      PLACE,
      {
        title: "Controller",
        options: [
          { name: "image", value: "REF", text: "the command line's image: docker build -t REF ." },
          ...SOURCE.filter(({ name }) => name === "from-secret" || name === "from-cloud"),
          {
            name: "service-account-annotation",
            value: "KEY=VALUE",
            many: true,
            text: "names a cloud's identity: eks.amazonaws.com/role-arn, iam.gke.io/gcp-service-account, azure.workload.identity/client-id",
          },
          {
            name: "pod-label",
            value: "KEY=VALUE",
            many: true,
            text: "a label of its pods, such as azure.workload.identity/use=true",
          },
        ],
      },
      MANIFEST_OUTPUT,
    ],
  },
];
