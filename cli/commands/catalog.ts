import { PRELOAD_SET } from "../options/preload-specs.ts";
import {
  ANNOTATE,
  DELIVER,
  DELIVERY,
  DRY_RUN,
  FAILED_NODES,
  FORCE,
  GATE,
  JUDGE,
  KUBECTL,
  LASTING_SOURCE,
  LOCK,
  LOG_OUTPUT,
  MERGE,
  type OptionGroup,
  type OptionSpec,
  OUTPUT,
  PATH,
  PROOF,
  REGISTRY_CA,
  REPORT_OUTPUT,
  RESTART,
  RESTORED_FILE,
  SELECTION,
  SOURCE,
  SSH,
  TARGET_FILE,
  TARGETS,
  TRUST,
  TRUST_NEW,
  WATCH,
  WAVES,
  YES,
} from "../options/specs.ts";
import { BOOT_COMMANDS } from "./boot/specs.ts";
import type { CommandSpec, GroupSpec } from "./command-spec.ts";
import { AGENT, AGENT_COMMANDS, RENDER } from "./daemonset/specs.ts";
import { PRELOAD_COMMANDS } from "./preload/specs.ts";
import { SECRET, SECRET_COMMANDS } from "./secret/specs.ts";

export type { CommandSpec } from "./command-spec.ts";

const HELP: OptionGroup = { title: "Output", options: OUTPUT.options.slice(-1) };

export const PUSH: CommandSpec = {
  name: "push",
  operand: "[NODE...]",
  summary: "Put registry credentials on nodes, so that their kubelets can pull",
  about: [
    "Installs registry credentials as the kubelet's config.json on all selected nodes side by side, over SSH. Nodes are names or globs; none means all.",
    "Credentials come from --config, --from-secret, --from-cloud and --registry; of several, the later one wins. Without these: from the first that exists of $DOCKER_AUTH_CONFIG (its text), $REGISTRY_AUTH_FILE, $DOCKER_CONFIG/config.json, ~/.docker/config.json, $XDG_RUNTIME_DIR/containers/auth.json. Credential helpers are asked here, since kubelets have none. Only what a kubelet can use is sent; the source is never changed.",
    "A file of others is never overwritten or hidden without --replace; --merge keeps their entries. A push that changes nothing writes nothing.",
    "A kubelet uses the new file within 5 minutes, or at once with --restart-kubelet. With --delivery provider it asks a program at each pull: after one restart to set that up, every push, rotation and removal counts at the next pull.",
  ],
  examples: [
    ["Give all nodes your docker login's credentials", "push"],
    [
      "The pool gpu, credentials from a secret store, in force at once",
      "push -l pool=gpu --config - --restart-kubelet < config.json",
    ],
    [
      "One login, without a docker config",
      "push --registry registry.example.com --username robot --password-stdin < password",
    ],
    ["Beside what others put there", "push --merge"],
    ["Push, then prove it", "push --verify --image registry.example.com/team/app:1.0"],
    [
      "One node first, then a tenth, then all; back as it was if a pull fails",
      "push --waves 1,10%,100% --verify-between --image REF --on-failure rollback",
    ],
    ["In force at the next pull, from now on", "push --delivery provider"],
    ["Machines without a cluster", "push --hosts 10.0.0.5,10.0.0.6:2222 --ssh-user admin"],
  ],
  groups: [
    TARGETS,
    {
      title: "Credentials and file",
      options: [
        ...FAILED_NODES,
        ...SOURCE,
        REGISTRY_CA,
        ...JUDGE,
        DRY_RUN,
        YES,
        FORCE,
        ...TARGET_FILE,
        ...MERGE,
        ...DELIVERY,
        ANNOTATE,
      ],
    },
    { title: "Waves", options: WAVES },
    { title: "Kubelet", options: RESTART },
    {
      title: "Proof",
      options: [
        { name: "verify", text: "then prove it, as pullcast verify does; needs --image" },
        ...PROOF,
      ],
    },
    LOCK,
    SSH,
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const WATCH_NODES: CommandSpec = {
  name: "watch",
  operand: "[NODE...]",
  summary: "Keep all nodes served: new ones at once, changed files, expiring credentials",
  about: [
    "Follows the cluster until it is stopped. A new, replaced or restarted node gets its file within seconds, and with --verify a proof; a file that others changed is put right (--resync); a source that changed, or whose credentials are about to end, is asked anew and goes to all nodes. Names and globs of NODE may mean nodes that are yet to come.",
    "While the source can't be asked, the last good credentials stay, and the log says until when. Host keys come from known_hosts, a certificate authority, pins, --trust-new, or an explicit --host-key-checking accept-new, which needs the node check; the log says which.",
    "With --deliver secret the DaemonSet of pullcast agent install serves the nodes: each change of the source is a new revision, rolled out within its limits. No node is logged in to.",
    "With --listen, /healthz, /readyz and /metrics (Prometheus) are answered. Ctrl-C or SIGTERM ends it in order, with exit code 0.",
  ],
  examples: [
    ["From a login that a credential helper keeps fresh", "watch --config ecr.json"],
    [
      "Pods come to new nodes only once these can pull",
      "watch --verify --image REF --gate pullcast.dev/unproven",
    ],
    ["New nodes have the base images", "watch --config robot.json --preload ghcr.io/a/base:4"],
    ["As a service", "watch --from-secret ops/registry --log-format json --listen :9464"],
  ],
  groups: [
    { title: "Nodes", options: TARGETS.options.filter(({ name }) => !name.startsWith("hosts")) },
    {
      title: "Credentials and file",
      options: [
        ...LASTING_SOURCE,
        REGISTRY_CA,
        ...JUDGE.slice(0, 1),
        FORCE,
        ...TARGET_FILE,
        ...MERGE,
        ...DELIVERY,
        ANNOTATE,
      ],
    },
    { title: "Watch", options: [...DELIVER, ...WATCH, ...GATE, ...TRUST_NEW] },
    {
      title: "Waves, for credentials that go to all nodes",
      options: WAVES.filter(({ name }) => name !== "pause-after"),
    },
    { title: "Kubelet", options: RESTART },
    { title: "Images", options: PRELOAD_SET },
    {
      title: "Proof",
      options: [{ name: "verify", text: "prove each node by a pull of --image" }, ...PROOF],
    },
    LOCK,
    SSH,
    KUBECTL,
    LOG_OUTPUT,
  ],
};

const DIFF: CommandSpec = {
  name: "diff",
  operand: "[NODE...]",
  summary: "Tell entry by entry what a push would change on each node, and change nothing",
  about: [
    "Looks at the file on each node and compares it with what push would write there, with the same options: added, changed, removed and unchanged entries, those of others (foreign) and of other field managers (kept). Values are never shown.",
    "Exit code 0: nothing would change; 1: something would; 2 and above: nobody can tell.",
  ],
  examples: [
    ["All nodes", "diff"],
    ["As push --merge would leave it", "diff --merge"],
    ["For a script", "diff -o json | jq '.items[].changes'"],
  ],
  groups: [
    TARGETS,
    {
      title: "Credentials and file",
      options: [...SOURCE, REGISTRY_CA, ...JUDGE, FORCE, ...TARGET_FILE, ...MERGE, ...DELIVERY],
    },
    SSH,
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

/** For commands that tell of every node what stands in its way. */
const SSH_WITHOUT_BREAKER: OptionGroup = {
  ...SSH,
  options: SSH.options.filter(({ name }) => name !== "no-breaker"),
};

const STATUS: CommandSpec = {
  name: "status",
  operand: "[NODE...]",
  summary: "Tell in which state each node's file is, and change nothing",
  about: [
    "Looks at the kubelet's file on each node: as the last push left it (current), drifted (changed since, another tool's, an older run's, wrong mode or owner), hidden by another file, missing, unreadable, unreachable, or with credentials that end soon (expiring).",
    "With --watch, later looks show what changed alone; Ctrl-C ends it. With --from-annotations no node is logged in to: what push --annotate left on the Node objects is told, and what others did on nodes since is not seen.",
    "Exit code 5 means that some node is not current; 3 and 4 that some or all could not be asked.",
  ],
  examples: [
    ["All nodes", "status"],
    ["Without a login on any node", "status --from-annotations"],
    ["As changes come, one document each", "status --watch -o json"],
    ["Credentials that end within a week", "status --expires-within 168h"],
    ["Names of nodes that are as they should be", "status -o name"],
  ],
  groups: [
    TARGETS,
    {
      title: "State",
      options: [
        {
          name: "expires-within",
          value: "TIME",
          default: "24h",
          text: "credentials that end earlier than this make a node expiring",
        },
        { name: "from-annotations", text: "ask the cluster what push --annotate left; no SSH" },
        { name: "watch", short: "w", text: "look again and again, and tell what changed" },
        {
          name: "interval",
          value: "TIME",
          default: "60s",
          text: "with --watch: between two looks",
        },
        PATH,
      ],
    },
    SSH_WITHOUT_BREAKER,
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const VERIFY: CommandSpec = {
  name: "verify",
  operand: "[NODE...]",
  summary: "Prove with one test pod per node that its kubelet pulls an image",
  about: [
    "Only the node's own credentials count: the pods have no pull secrets and always pull. They are removed at the end, also after Ctrl-C.",
    "A kubelet may use an older file for 5 minutes. A denied node is tried again until that is over.",
    "Exit code 5 means that some node did not end as pulled. An image that anybody may pull proves nothing and counts as such; where this machine can't ask the registry whether strangers may (--ca FILE for a CA of your own), a node that pulled is unproven, unless you vouch for it with --assume-private.",
  ],
  examples: [
    ["All nodes", "verify --image registry.example.com/team/app:1.0"],
    ["Two nodes, in a namespace of its own", "verify worker-1 worker-2 -n ci --image REF"],
    ["Without moving an image", "verify --proof auth --image registry.example.com/team/app"],
  ],
  groups: [SELECTION, { title: "Proof", options: [...PROOF, REGISTRY_CA] }, KUBECTL, REPORT_OUTPUT],
};

const CHECK: CommandSpec = {
  name: "check",
  operand: "[NODE...]",
  summary: "Tell before a push what would stop it",
  about: [
    "Looks at kubectl and its context, permissions, nodes, SSH (login, sudo, the kubelet's directory, the file there), the credentials that would be sent, and whether each works at its registry from this machine. Changes nothing on a node.",
    "With --image each credential that a kubelet would try for it is asked for its manifest, and what verify needs counts as well.",
    "Exit codes are those that push and verify would end with; 5 means that a credential does not work.",
  ],
  examples: [
    ["All nodes and all credentials", "check"],
    [
      "Two nodes, and an image",
      "check worker-1 worker-2 --image registry.example.com/team/app:1.0",
    ],
    ["Whether instance templates are up to date", "check --templates --config robot.json"],
    ["For a script", "check -o json"],
  ],
  groups: [
    TARGETS,
    { title: "Credentials and file", options: [...SOURCE, ...TARGET_FILE] },
    {
      title: "Registry",
      options: [
        { name: "image", value: "REF", text: "an image that the nodes should be able to pull" },
        {
          name: "namespace",
          short: "n",
          value: "NAME",
          text: "namespace of verify's test pods (default: the context's)",
        },
        REGISTRY_CA,
      ],
    },
    {
      title: "Templates",
      options: [
        {
          name: "templates",
          text: "compare what the newest node of each pool got at its boot (pullcast render) with what a push would send",
        },
      ],
    },
    SSH_WITHOUT_BREAKER,
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const DOCTOR: CommandSpec = {
  name: "doctor",
  operand: "[NODE...]",
  summary: "Tell how pullcast reaches a node over SSH, and why it can't",
  about: [
    "Without connecting: all settings and who said so (flag, line of ssh's configuration, default), the way host by host, the keys that would be offered and those that would not, the host keys that are known.",
    "With --probe it logs in and goes the way of a push up to its first write: time of each phase, the host key that was shown, sudo, shell, clock, the kubelet's directory, room on its disk. Nothing is changed on the node.",
    "Exit codes are those of push: 3 means that some nodes would fail, 4 that all would.",
  ],
  examples: [
    ["What would pullcast do?", "doctor worker-1"],
    ["Does it work?", "doctor worker-1 --probe"],
    ["A machine of ssh's configuration, without a cluster", "doctor --hosts bastion --probe"],
  ],
  groups: [
    TARGETS,
    {
      title: "Probe",
      options: [
        { name: "probe", text: "connect, and go the way of a push up to its first write" },
        ...TARGET_FILE,
      ],
    },
    {
      ...SSH,
      options: SSH_WITHOUT_BREAKER.options.map((option) =>
        // Each probe has a connection of its own to each jump host.
        option.name === "concurrency" ? { ...option, default: "4" } : option,
      ),
    },
    KUBECTL,
    OUTPUT,
  ],
};

const RESTORE: CommandSpec = {
  name: "restore",
  operand: "[NODE...]",
  summary: "Put back what was there before the first push",
  about: [
    "Each node gets the file that stood there before the first push (restored), or none where there was none (removed), however many pushes followed. To undo a push, push the older file again.",
    "A file that was changed since is left alone without --replace. Where nothing is left to restore, the node is unchanged.",
  ],
  examples: [
    ["All nodes", "restore"],
    ["One node, in force at once", "restore worker-1 --restart-kubelet"],
    ["All but the control plane", "restore -l '!node-role.kubernetes.io/control-plane'"],
  ],
  groups: [
    TARGETS,
    { title: "File", options: RESTORED_FILE },
    { title: "Kubelet", options: RESTART },
    LOCK,
    SSH,
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const HISTORY: CommandSpec = {
  name: "history",
  operand: "[NODE...]",
  summary: "Tell which runs each node remembers, and to which a rollback may go",
  about: [
    "Five files that later runs replaced are kept on each node, for 90 days. Values are never shown.",
  ],
  examples: [
    ["All nodes", "history"],
    ["Who pushed what, when", "history worker-1 -o wide"],
  ],
  groups: [
    TARGETS,
    { title: "File", options: [PATH] },
    SSH_WITHOUT_BREAKER,
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const ROLLBACK: CommandSpec = {
  name: "rollback",
  operand: "[NODE...]",
  summary: "Bring back on each node what stood there before the last run, or what a run left",
  about: [
    "Each node gets the entries that its earlier file had; those of others stay as they are now. Where nothing of pullcast's stood there before, it does what restore does. A second rollback undoes the first.",
    "Credentials past their recorded end are refused. A run whose file is no longer kept can't be brought back: pullcast history tells which can.",
  ],
  examples: [
    ["Undo the last run on all nodes, in force at once", "rollback --restart-kubelet"],
    ["What a run left", "rollback --to 20261124T050102Z-1f3a9c"],
  ],
  groups: [
    TARGETS,
    {
      title: "File",
      options: [
        {
          name: "to",
          value: "RUN",
          text: "the run whose state is wanted (default: before the last)",
        },
        ...RESTORED_FILE,
      ],
    },
    { title: "Kubelet", options: RESTART },
    LOCK,
    SSH,
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const REMOVE: CommandSpec = {
  name: "remove",
  operand: "[NODE...]",
  summary: "Take pullcast's entries off nodes, and tell where else they have logins",
  about: [
    "Takes back what push put there, all of it or what is for some registries; entries of others stay byte for byte. Where nothing of pullcast's is left, what stood there before the first push comes back. Earlier files that nodes keep go as well, so that what was revoked is nowhere, and no rollback brings it back. Of --delivery provider all goes, by one restart of the kubelet; with --registry the provider stays, and a removal counts at the next pull.",
    "Then each other place on the node with a login for the same is told (PC370): the kubelet's other files, kept files, credential providers, the container runtime. Images that are there already may still be used by pods: they are named (PC372).",
    "With --verify a test pod on each node pulls --image afresh: it must be denied (revoked). A kubelet may use an older file for 5 minutes; a node whose pull is served is tried again until that is over.",
  ],
  examples: [
    ["All of pullcast's, on all nodes, in force at once", "remove --restart-kubelet"],
    ["One registry", "remove --registry registry.example.com"],
    [
      "Proven: a fresh pull is denied",
      "remove --restart-kubelet --verify --image registry.example.com/team/app:1.0",
    ],
  ],
  groups: [
    TARGETS,
    {
      title: "File",
      options: [
        {
          name: "registry",
          value: "HOST",
          many: true,
          text: "only entries for this host, or with this key (default: all of pullcast's)",
        },
        {
          name: "dry-run",
          text: "look at the nodes and tell entry by entry what would go; nothing is changed",
        },
        {
          name: "delivery",
          value: "WAY",
          choices: ["file", "provider"],
          text: "only from the kubelet's config.json, or only from what a provider tells it (default: both)",
        },
        PATH,
      ],
    },
    { title: "Kubelet", options: RESTART },
    {
      title: "Proof",
      options: [
        {
          name: "verify",
          text: "then prove that a fresh pull of --image is denied, by a pod on each node",
        },
        ...PROOF.map((option) =>
          option.name === "image"
            ? { ...option, text: "an image that the nodes must not be able to pull any more" }
            : option,
        ),
        REGISTRY_CA,
      ],
    },
    LOCK,
    SSH,
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const TRUST_NODES: CommandSpec = {
  name: "trust",
  operand: "[NODE...]",
  summary: "Pin the nodes' host keys as the API server shows them, so that no login is blind",
  about: [
    "A short pod on each node prints the public keys of /etc/ssh; it has no token, runs as nobody and is removed. The keys are pinned under the node's UID, in $XDG_STATE_HOME/pullcast/known_hosts: a new node at an old address is unknown, not an attack.",
    "A pin decides alone about its node. You trust the API server, each node for itself, and the image.",
    "A node that shows other keys than those pinned fails (PC218) without --replace.",
  ],
  examples: [
    ["All nodes", "trust"],
    [
      "New nodes, where pods with hostPath are only allowed in one namespace",
      "trust -l pool=new -n kube-system",
    ],
    ["For a pipeline: pins in a file that can be kept in git", "trust --known-hosts nodes.known"],
  ],
  groups: [SELECTION, TRUST, KUBECTL, REPORT_OUTPUT],
};

const CLEANUP: CommandSpec = {
  name: "cleanup",
  summary: "Remove pods that a crashed run left behind",
  about: ["Touches only pods that pullcast verify and pullcast trust made."],
  examples: [
    ["All namespaces", "cleanup"],
    ["One namespace", "cleanup -n ci"],
    ["Another cluster", "cleanup --context prod"],
  ],
  groups: [
    {
      title: "Pods",
      options: [
        {
          name: "namespace",
          short: "n",
          value: "NAME",
          text: "only this namespace (default: all)",
        },
      ],
    },
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const INSPECT: CommandSpec = {
  name: "inspect",
  summary: "Show what push would send: registries, users, ends, fingerprints, problems",
  about: [
    "Sends nothing, touches nothing, and shows no password. Problems are what a kubelet would ignore or misread; a push leaves out what no kubelet can use.",
    "Exit code 6 means that push would refuse: a credential has expired, nothing is usable, or with --strict there is a warning.",
    "Equal fingerprints mean equal key, user and password. They compare within one cluster; no cluster is needed with --fingerprint-salt, and none is waited for.",
  ],
  examples: [
    ["Your docker login's credentials", "inspect"],
    ["A file, for a pipeline that wants no surprise", "inspect --config config.json --strict"],
    ["Ends of all credentials", "inspect -o json | jq -r '.credentials[].expiresAt'"],
  ],
  groups: [{ title: "Credentials", options: [...SOURCE, REGISTRY_CA, ...JUDGE] }, KUBECTL, OUTPUT],
};

const EXPLAIN: CommandSpec = {
  name: "explain",
  operand: "[IMAGE|CODE]",
  summary: "Tell which credentials a kubelet tries for an image, or what a code means",
  about: [
    "Without --node: of what push would send. With --node: of what stands on that node now, read over SSH by one look that changes nothing; with --config or another source as well, as if that had been pushed there.",
    "With --pod: the pod's pull secrets come first, as for the kubelet; the image may be left out where the pod has one only.",
    "Exit code 5 means that no credential would be tried. A code such as PC203 is explained instead of an image; nothing at all prints all codes.",
  ],
  examples: [
    ["What would the nodes do with my docker login?", "explain registry.example.com/team/app:1.0"],
    ["Why can't this node pull it?", "explain registry.example.com/team/app:1.0 --node worker-1"],
    ["Why can't this pod?", "explain --pod default/web-0 --node worker-1"],
    ["One code", "explain PC203"],
  ],
  groups: [
    {
      title: "What to explain",
      options: [
        { name: "node", value: "NODE", text: "look at this node" },
        {
          name: "pod",
          value: "NAMESPACE/POD",
          text: "begin with this pod's pull secrets",
        },
        ...TARGETS.options.filter(({ name }) => ["address", "hosts", "hosts-from"].includes(name)),
        PATH,
      ],
    },
    { title: "Credentials, as for push", options: [...SOURCE, REGISTRY_CA] },
    {
      ...SSH,
      options: SSH_WITHOUT_BREAKER.options.filter(({ name }) => name !== "concurrency"),
    },
    KUBECTL,
    OUTPUT,
  ],
};

/** Where a file of pools is, unless told otherwise. */
export const CONFIG_FILE = "pullcast.yaml";

const FILE_OPTION: OptionSpec = {
  name: "file",
  short: "f",
  value: "FILE",
  default: CONFIG_FILE,
  text: "the file of pools",
};

export const APPLY: CommandSpec = {
  name: "apply",
  summary: "Push to pools of nodes as a file says: from where, how, in which waves",
  about: [
    "Pushes to each pool of pullcast.yaml, one after the other, as pullcast push would with the same flags. What stands on the command line takes the place of what the file says.",
    "First all pools are looked at: the cluster must be the one that the file names, and no node may be in two pools. Nodes in no pool are told. A pool that does not end well keeps those after it from being begun, unless its waves.onFailure is continue.",
  ],
  examples: [
    ["What would be done?", "apply --dry-run"],
    ["All pools", "apply -f prod.yaml"],
    ["One of them", "apply --pool gpu"],
  ],
  groups: [
    {
      title: "File",
      options: [
        FILE_OPTION,
        { name: "pool", value: "NAME", many: true, text: "only this pool of the file" },
        DRY_RUN,
        YES,
      ],
    },
    LOCK,
    SSH,
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const ADVISE: CommandSpec = {
  name: "advise",
  summary: "Say which way of serving private images fits this cluster, why, and the commands",
  about: [
    "Looks at the cluster by the API server alone: its nodes, the cloud and the system they run, what makes new ones, and whether admission makes every pull afresh (a pod that is sent with dryRun and never made). Then says which way fits what you want, what it exposes to whom, and the commands.",
  ],
  examples: [
    ["Private images for every pod", "advise"],
    ["Each tenant its own registry", "advise --want tenants"],
  ],
  groups: [
    {
      title: "Wish",
      options: [
        {
          name: "want",
          value: "WHAT",
          choices: ["public", "all", "some", "tenants"],
          default: "all",
          text: "public: images for anybody; all: private ones for every pod; some: a part of them for some pods alone; tenants: a registry for each",
        },
      ],
    },
    KUBECTL,
    OUTPUT,
  ],
};

const INIT: CommandSpec = {
  name: "init",
  summary: "Write a file of pools for this cluster, to begin with",
  about: [
    "Writes pullcast.yaml with the cluster's identity and a pool for each value of the label by which its nodes are told apart; the control plane comes last. A file that is there already is left alone.",
  ],
  examples: [
    ["Here", "init"],
    ["Only show it", "init -f -"],
  ],
  groups: [
    { title: "File", options: [{ ...FILE_OPTION, value: "FILE|-", text: "where to write it" }] },
    KUBECTL,
    HELP,
  ],
};

const CONFIG: GroupSpec = {
  name: "config",
  summary: "Check a file of pools, or print what it may hold",
  about: ["Nothing is asked of a cluster."],
};

const CONFIG_COMMANDS: readonly CommandSpec[] = [
  {
    name: "config validate",
    summary: "Tell whether a file of pools can be applied, and where not",
    about: ["Each fault is told with its line and column."],
    examples: [["The one here", "config validate"]],
    groups: [{ title: "File", options: [FILE_OPTION] }, HELP],
  },
  {
    name: "config schema",
    summary: "Print the JSON Schema of a file of pools, for editors",
    about: [],
    examples: [["For an editor", "config schema > pullcast.schema.json"]],
    groups: [HELP],
  },
];

const COMPLETION: CommandSpec = {
  name: "completion",
  operand: "[SHELL]",
  summary: "Print a completion script for bash or zsh",
  about: [],
  examples: [
    ["This shell", "source <(pullcast completion bash)"],
    ["Each shell to come", "completion bash > /etc/bash_completion.d/pullcast"],
    ["zsh", "completion zsh > ~/.zfunc/_pullcast"],
  ],
  groups: [HELP],
};

/** All commands, in the order of help. */
export const COMMANDS: readonly CommandSpec[] = [
  PUSH,
  WATCH_NODES,
  DIFF,
  STATUS,
  VERIFY,
  CHECK,
  DOCTOR,
  HISTORY,
  ROLLBACK,
  RESTORE,
  REMOVE,
  TRUST_NODES,
  ...PRELOAD_COMMANDS,
  ...SECRET_COMMANDS,
  ...AGENT_COMMANDS,
  ...BOOT_COMMANDS,
  ADVISE,
  INIT,
  APPLY,
  ...CONFIG_COMMANDS,
  CLEANUP,
  INSPECT,
  EXPLAIN,
  COMPLETION,
  {
    name: "version",
    summary: "Print the version",
    about: [],
    examples: [],
    groups: [HELP],
  },
  {
    name: "help",
    operand: "[COMMAND]",
    summary: "Print help",
    about: [],
    examples: [],
    groups: [HELP],
  },
];

/** What has subcommands only, and no work of its own; a command may have subcommands as well. */
export const GROUPS: readonly GroupSpec[] = [SECRET, AGENT, RENDER, CONFIG];

/** The command of that name, of two words for a subcommand. */
export function findCommand(name: string): CommandSpec | undefined {
  return COMMANDS.find((command) => command.name === name);
}

/** The subcommands of a command or a group, in the order of help. */
export function subcommandsOf(name: string): CommandSpec[] {
  return COMMANDS.filter((command) => command.name.startsWith(`${name} `));
}

/** What may stand first on the command line, in the order of help: commands and groups. */
export function topLevel(): (CommandSpec | GroupSpec)[] {
  return [...COMMANDS.filter(({ name }) => !name.includes(" ")), ...GROUPS].sort(
    (one, other) => placeOf(one) - placeOf(other),
  );
}

/** A group stands where its first subcommand does. */
function placeOf({ name }: CommandSpec | GroupSpec): number {
  return COMMANDS.findIndex(
    (command) => command.name === name || command.name.startsWith(`${name} `),
  );
}

/** What the first words of a command line name. */
export type Named =
  | { readonly command: CommandSpec; readonly rest: readonly string[] }
  /** A group; `rest` begins with what is none of its subcommands. */
  | { readonly group: GroupSpec; readonly rest: readonly string[] };

/** The command or group that the first words name, the longer name first; `undefined` where there is none. */
export function nameCommand([first = "", ...rest]: readonly string[]): Named | undefined {
  const subcommand = findCommand(`${first} ${rest[0] ?? ""}`);
  if (subcommand !== undefined) return { command: subcommand, rest: rest.slice(1) };
  const command = findCommand(first);
  if (command !== undefined) return { command, rest };
  const group = GROUPS.find(({ name }) => name === first);
  return group === undefined ? undefined : { group, rest };
}

/** All options of a command. */
export function optionsOf(command: CommandSpec): OptionSpec[] {
  return command.groups.flatMap((group) => group.options);
}
