/** One option of a command: what the parser accepts and what help says come from here. */
export interface OptionSpec {
  /** Without dashes. */
  readonly name: string;
  readonly short?: string;
  /** Older names that still work; help doesn't show them. */
  readonly aliases?: readonly string[];
  /** What stands for the value in help; absent: the option is a switch. */
  readonly value?: string;
  /** What the option alone means: its value, if any, follows after `=`. */
  readonly bare?: string;
  readonly choices?: readonly string[];
  /** May be given more than once. */
  readonly many?: true;
  /** In the user's words; the same text goes through the same parser. */
  readonly default?: string;
  readonly text: string;
}

/** Options under one heading of help. */
export interface OptionGroup {
  readonly title: string;
  readonly options: readonly OptionSpec[];
}

const SELECTOR: readonly OptionSpec[] = [
  {
    name: "selector",
    short: "l",
    value: "LABELS",
    text: "only nodes with these labels, as in kubectl get -l",
  },
  { name: "field-selector", value: "FIELDS", text: "only nodes with these fields" },
  { name: "exclude", value: "GLOB", many: true, text: "leave out nodes with such names" },
];

export const SELECTION: OptionGroup = { title: "Nodes", options: SELECTOR };

export const TARGETS: OptionGroup = {
  title: "Nodes",
  options: [
    ...SELECTOR,
    {
      name: "address",
      value: "KIND",
      choices: ["auto", "ExternalIP", "InternalIP", "Hostname", "name"],
      default: "auto",
      text: "which of a node's addresses to connect to",
    },
    {
      name: "hosts",
      value: "HOST,…",
      many: true,
      text: "these machines, without asking a cluster: ADDRESS, ADDRESS:PORT or NAME=ADDRESS; NODE and --exclude choose among them",
    },
    { name: "hosts-from", value: "FILE|-", text: "the same, one a line" },
  ],
};

export const KUBECTL: OptionGroup = {
  title: "Cluster (handed to kubectl)",
  options: [
    { name: "kubeconfig", value: "FILE", text: "the kubeconfig to use" },
    { name: "context", value: "NAME", text: "the kubeconfig's context to use" },
    { name: "cluster", value: "NAME", text: "the kubeconfig's cluster to use" },
    { name: "as", value: "USER", text: "the user to act as" },
    { name: "request-timeout", value: "TIME", text: "how long one request may take" },
    { name: "kubectl", value: "PROGRAM", default: "kubectl", text: "the kubectl to run" },
  ],
};

const KNOWN_HOSTS: OptionSpec = {
  name: "known-hosts",
  value: "FILE",
  many: true,
  text: "known host keys (default: pullcast trust's, then ssh's configuration, else ~/.ssh and /etc/ssh); new ones go to the first",
};

export const SSH: OptionGroup = {
  title: "SSH",
  options: [
    {
      name: "ssh-user",
      value: "USER",
      text: "login name (default: ssh's configuration, else your own)",
    },
    {
      name: "ssh-port",
      value: "PORT",
      text: "port of sshd (default: ssh's configuration, else 22)",
    },
    {
      name: "identity",
      short: "i",
      value: "FILE",
      many: true,
      text: "private key; those of ssh's configuration or ~/.ssh/id_*, then ssh-agent's come after it",
    },
    {
      name: "ask-pass",
      text: "ask for the login's password on the nodes, once for all, for where keys are not enough",
    },
    {
      name: "become",
      value: "METHOD",
      choices: ["none", "sudo", "doas"],
      text: "how the login gets to be root there (default: none for root, sudo for all others)",
    },
    {
      name: "ask-become-pass",
      text: "ask for sudo's password, once for all nodes; without it sudo must need none",
    },
    {
      name: "no-node-check",
      text: "also where the machine's ids are not those that the cluster knows of the node",
    },
    KNOWN_HOSTS,
    {
      name: "host-key-checking",
      value: "MODE",
      choices: ["strict", "accept-new"],
      text: "whether an unknown host key may be added (default: ssh's configuration, else a question on a terminal, else strict)",
    },
    {
      name: "ssh-host-template",
      value: "TEXT",
      text: "what ssh calls a cluster's node, made of {name} and {address}, for instance {name}.prod.example.com",
    },
    {
      name: "transport",
      value: "NAME",
      choices: ["auto", "ssh2", "openssh"],
      default: "auto",
      text: "what connects: ssh2, or the system's ssh (auto: where only that can, such as for certificates or a ProxyCommand)",
    },
    { name: "ssh-config", value: "FILE", text: "ssh's configuration, as ssh -F" },
    {
      name: "ssh-option",
      value: "KEY=VALUE",
      many: true,
      text: "one of ssh's settings, as ssh -o",
    },
    { name: "concurrency", value: "N", default: "32", text: "nodes at work at once" },
    {
      name: "no-breaker",
      text: "go on where three nodes in a row failed with the same cause that no further try mends",
    },
    {
      name: "connect-timeout",
      value: "TIME",
      default: "10s",
      text: "how long connecting may take; without it ssh's ConnectTimeout counts, if there is one",
    },
    {
      name: "node-timeout",
      value: "TIME",
      default: "2m",
      text: "how long work on a node may take",
    },
  ],
};

export const TRUST: OptionGroup = {
  title: "Host keys",
  options: [
    {
      name: "replace",
      text: "put keys that differ in place of those pinned: only once you know why they do",
    },
    {
      ...KNOWN_HOSTS,
      text: "pin there instead of in $XDG_STATE_HOME/pullcast/known_hosts; push takes the file by the same flag",
    },
    {
      name: "image",
      value: "REF",
      default: "docker.io/library/busybox:1.37",
      text: "what the pods run; any image with cat that the nodes have or may pull",
    },
    {
      name: "namespace",
      short: "n",
      value: "NAME",
      text: "namespace of the pods (default: the context's); its pod security must allow hostPath",
    },
    { name: "concurrency", value: "N", default: "20", text: "pods at once" },
    { name: "timeout", value: "TIME", default: "5m", text: "how long all of it may take" },
  ],
};

export const SOURCE: readonly OptionSpec[] = [
  {
    name: "config",
    value: "FILE|-",
    many: true,
    text: "docker's config.json, containers' auth.json or a .dockercfg",
  },
  {
    name: "from-secret",
    value: "NAMESPACE/NAME",
    many: true,
    text: "a Secret of the cluster, of the type dockerconfigjson or dockercfg",
  },
  {
    name: "from-cloud",
    value: "HOST",
    many: true,
    text: "a registry of ECR, Artifact Registry or Azure, by the identity of this machine or pod",
  },
  { name: "registry", value: "HOST", text: "one login; needs --username and --password-stdin" },
  { name: "username", value: "USER", text: "its user" },
  { name: "password-stdin", text: "its password comes on standard input" },
  { name: "only", value: "GLOB", many: true, text: "send only credentials of such registries" },
  { name: "except", value: "GLOB", many: true, text: "don't send credentials of such registries" },
  {
    name: "all-from-store",
    text: "send all that the credential store (credsStore) holds, not only what the file names",
  },
];

export const JUDGE: readonly OptionSpec[] = [
  { name: "strict", text: "take no credentials that have warnings" },
  {
    name: "fingerprint-salt",
    value: "TEXT",
    text: "compare fingerprints wherever this text is given (default: within one cluster)",
  },
];

export const YES: OptionSpec = {
  name: "yes",
  short: "y",
  text: "don't ask before credentials that nobody named go to more than 10 nodes",
};

export const FORCE: OptionSpec = {
  name: "force",
  text: "also nodes of a cloud that replaces them, with what is written there (GKE, EKS, AKS)",
};

export const PATH: OptionSpec = {
  name: "path",
  value: "DIR",
  text: "the directory of config.json on the nodes, if it must not be found there",
};

export const TARGET_FILE: readonly OptionSpec[] = [
  PATH,
  {
    name: "replace",
    text: "overwrite or hide a file of others; it is kept, pullcast restore puts it back",
  },
];

const FIELD_MANAGER: OptionSpec = {
  name: "field-manager",
  value: "NAME",
  text: "in whose name entries are merged: each has its own (default: you, this machine and the source)",
};

/** How what stands there already is treated. */
export const MERGE: readonly OptionSpec[] = [
  {
    name: "merge",
    text: "keep the entries of others byte for byte, and of yours remove those that left the source",
  },
  { name: "drop-invalid", text: "with --merge: leave out entries that void the whole file" },
  {
    name: "import-hidden",
    text: "with --merge: take in the entries of a file that the kubelet would no longer use",
  },
  FIELD_MANAGER,
];

/** For runs that change nodes. */
export const LOCK: OptionGroup = {
  title: "Other runs",
  options: [
    {
      name: "lock-wait",
      value: "TIME",
      default: "60s",
      text: "how long to wait for another run on this cluster to end (Lease pullcast in kube-system)",
    },
  ],
};

/** How a push is cut into waves, and what a failure does. */
export const WAVES: readonly OptionSpec[] = [
  {
    name: "waves",
    value: "SIZES",
    text: "one wave after another: how many nodes are done after each, for instance 1,10%,100%",
  },
  {
    name: "wave-by",
    value: "LABEL",
    text: "each value of this node label is a wave, or a group of waves with --waves",
  },
  {
    name: "verify-between",
    text: "each wave's nodes must pull --image before the next wave begins",
  },
  {
    name: "max-failures",
    value: "N|N%",
    text: "so many nodes may fail, unreachable ones too (default: 0 with waves, else all)",
  },
  {
    name: "on-failure",
    value: "ACTION",
    choices: ["stop", "rollback", "continue"],
    text: "after one failure too many: begin no further node (default), and with rollback put back what stood there before on all nodes that the run changed",
  },
  {
    name: "pause-after",
    value: "WAVE",
    text: "after this wave, or after each: ask on a terminal whether to go on, else end there; push --failed goes on",
  },
];

/** How a watch keeps nodes served. */
export const WATCH: readonly OptionSpec[] = [
  {
    name: "resync",
    value: "TIME",
    default: "10m",
    text: "how often what is there is looked at, and put right where it was changed",
  },
  {
    name: "reload",
    value: "TIME",
    default: "10s",
    text: "how often the source's file or Secret is looked at for a change",
  },
  {
    name: "refresh-at",
    value: "N%",
    default: "66%",
    text: "ask the source anew after this part of the life of what ends first",
  },
];

export const DELIVER: readonly OptionSpec[] = [
  {
    name: "deliver",
    value: "WAY",
    choices: ["ssh", "secret"],
    default: "ssh",
    text: "ssh: log in to the nodes; secret: give the DaemonSet of pullcast agent install its revisions",
  },
  {
    name: "agent",
    value: "NAMESPACE/NAME",
    default: "pullcast-system/pullcast",
    text: "with --deliver secret: that DaemonSet",
  },
];

export const GATE: readonly OptionSpec[] = [
  {
    name: "gate",
    value: "TAINT",
    text: "take this startup taint (KEY, KEY=VALUE or KEY=VALUE:EFFECT) off nodes once they are proven",
  },
  {
    name: "gate-open-after",
    value: "TIME",
    text: "take it off without a proof after so long, with a warning (default: never)",
  },
];

export const TRUST_NEW: readonly OptionSpec[] = [
  {
    name: "trust-new",
    text: "fetch unknown host keys through the API server and pin them, as pullcast trust does",
  },
  {
    name: "trust-image",
    value: "REF",
    default: "docker.io/library/busybox:1.37",
    text: "what the pods for that run; any image with cat that the nodes have or may pull",
  },
];

export const ANNOTATE: OptionSpec = {
  name: "annotate",
  text: "leave an annotation on each Node that tells of the file, for status --from-annotations; later runs keep it true",
};

export const FAILED_NODES: readonly OptionSpec[] = [
  {
    name: "failed",
    text: "only the nodes that the last push did not serve, as it is recorded here",
  },
  { name: "run", value: "RUN", text: "with --failed: of this push" },
];

export const DRY_RUN: OptionSpec = {
  name: "dry-run",
  value: "MODE",
  bare: "client",
  choices: ["client", "server"],
  text: "change nothing: tell what would be sent where; server: connect to the nodes and compare",
};

export const RESTORED_FILE: readonly OptionSpec[] = [
  PATH,
  {
    name: "replace",
    text: "also where the file was changed after the push; the changed one is kept on the node (the report says where), no later restore puts it back",
  },
];

export const RESTART: readonly OptionSpec[] = [
  {
    name: "restart-kubelet",
    text: "restart each kubelet that may use an older file, one node at a time (else up to 5 minutes)",
  },
  {
    name: "max-unavailable",
    value: "N|N%",
    text: "restart as many at once as leave no more than these not Ready; nodes that are not Ready already count",
  },
  {
    name: "kubelet-restart-command",
    value: "COMMAND",
    text: "run this on the node instead of systemctl restart",
  },
  {
    name: "ready-timeout",
    value: "TIME",
    default: "2m",
    text: "how long a restarted node may take to be Ready",
  },
];

export const DELIVERY: readonly OptionSpec[] = [
  {
    name: "delivery",
    value: "WAY",
    choices: ["file", "provider"],
    default: "file",
    text: "file: the kubelet's config.json; provider: a program that it asks at each pull, so that a push counts at once; set up by one restart of each kubelet, taken back where its node is not well with it",
  },
  {
    name: "provider-ports",
    value: "PORT,…",
    text: "with a provider: ports of registries that later pushes may bring; others cost one more restart",
  },
];

export const REGISTRY_CA: OptionSpec = {
  name: "ca",
  aliases: ["registry-ca"],
  value: "FILE",
  text: "CA certificate for questions that this machine asks registries",
};

export const PROOF: readonly OptionSpec[] = [
  { name: "image", value: "REF", text: "a private image that the nodes should be able to pull" },
  {
    name: "namespace",
    short: "n",
    value: "NAME",
    text: "namespace of the test pods (default: the context's)",
  },
  {
    name: "proof",
    value: "KIND",
    choices: ["pull", "auth"],
    default: "pull",
    text: "pull moves the image; auth asks for a digest that can't exist, so that nothing moves",
  },
  {
    name: "assume-private",
    text: "strangers can't pull the image, you say: counts where this machine can't ask the registry",
  },
  { name: "max-pulls", value: "N", default: "20", text: "pulls at once" },
  {
    name: "timeout",
    value: "TIME",
    default: "7m",
    text: "how long to wait for nodes whose kubelet may use an older file",
  },
];

/** For commands that answer for nodes or namespaces, one by one. */
export const REPORT_OUTPUT: OptionGroup = {
  title: "Output",
  options: [
    {
      name: "output",
      short: "o",
      value: "FORMAT",
      choices: ["table", "wide", "json", "yaml", "name", "junit", "github"],
      default: "table",
      text: "name prints what ended well; junit and github are for CI: test cases, annotations",
    },
    {
      name: "report",
      value: "FILE",
      text: "also write the whole report there: JSON, or by its name .yaml, or .xml (JUnit)",
    },
    {
      name: "events",
      value: "FILE|-",
      text: "write each event there as it happens, a line of JSON; - is standard output, in place of the table",
    },
    { name: "no-color", text: "no colours, as with NO_COLOR set" },
    { name: "verbose", short: "v", text: "tell more on standard error" },
    { name: "quiet", short: "q", text: "tell only what failed, and the last line" },
    { name: "help", short: "h", text: "print this help" },
  ],
};

/** For what goes on until it is stopped. */
export const LOG_OUTPUT: OptionGroup = {
  title: "Output",
  options: [
    {
      name: "log-format",
      value: "FORMAT",
      choices: ["text", "json"],
      default: "text",
      text: "of the log's lines, on standard output",
    },
    {
      name: "listen",
      value: "ADDRESS",
      text: "answer health and metrics there: PORT is of this machine alone, :PORT of all its addresses",
    },
    ...REPORT_OUTPUT.options.filter(({ name }) => !["output", "report"].includes(name)),
  ],
};

/** A source that can be read again and again. */
export const LASTING_SOURCE: readonly OptionSpec[] = SOURCE.filter(
  ({ name }) => !["registry", "username", "password-stdin"].includes(name),
);

export const OUTPUT: OptionGroup = {
  title: "Output",
  options: [
    {
      name: "output",
      short: "o",
      value: "FORMAT",
      choices: ["table", "wide", "json", "yaml", "name"],
      default: "table",
      text: "name prints the nodes that ended well",
    },
    { name: "no-color", text: "no colours, as with NO_COLOR set" },
    { name: "verbose", short: "v", text: "tell more on standard error" },
    { name: "quiet", short: "q", text: "tell only what failed, and the last line" },
    { name: "help", short: "h", text: "print this help" },
  ],
};

/** For commands that print objects of the API. */
export const MANIFEST_OUTPUT: OptionGroup = {
  title: "Output",
  options: [
    {
      name: "output",
      short: "o",
      value: "FORMAT",
      choices: ["yaml", "json"],
      default: "yaml",
      text: "json is one List",
    },
    ...OUTPUT.options.slice(1),
  ],
};
