import { ACCOUNTS, NAMESPACES, SECRET_NAME } from "../../options/secret-specs.ts";
import {
  JUDGE,
  KUBECTL,
  LASTING_SOURCE,
  LOG_OUTPUT,
  type OptionGroup,
  PROOF,
  REGISTRY_CA,
  REPORT_OUTPUT,
  SOURCE,
  WATCH,
} from "../../options/specs.ts";
import type { CommandSpec, GroupSpec } from "../command-spec.ts";

/** What all of them are about. */
export const SECRET: GroupSpec = {
  name: "secret",
  summary: "Put registry credentials into Secrets of namespaces, for imagePullSecrets",
  about: [
    "The same credentials, the same checks, for imagePullSecrets: a Secret in each namespace, and its name in ServiceAccounts.",
    "A pod takes its ServiceAccount's pull secrets when it is created, and never again: pods that are there already need a restart.",
  ],
};

/** Groups of a file, in place of one on the command line. */
const GROUPS_OF_FILE: OptionGroup = {
  title: "Groups of a file",
  options: [
    {
      name: "file",
      short: "f",
      value: "FILE",
      text: "groups of namespaces, each with credentials and names of its own, as secrets in pullcast.yaml says",
    },
    { name: "group", value: "NAME", many: true, text: "only this group of the file" },
  ],
};

const WATCH_NAMESPACES: CommandSpec = {
  name: "secret watch",
  summary: "Keep the Secret in namespaces: in new ones at once, and before what is in it ends",
  about: [
    "As secret apply, and goes on: a new namespace has its Secret within seconds, a new ServiceAccount its name; a source that changed, or whose credentials are about to end, is asked anew and goes to all namespaces; what was changed or taken away there is put right (--resync).",
    "A pod takes its ServiceAccount's pull secrets when it is created: one that is created before its new namespace is served must name the Secret itself, or be created again.",
  ],
  examples: [
    [
      "All namespaces but the system's own",
      "secret watch -A --exclude 'kube-*' --service-account default --config ecr.json",
    ],
    ["As a service", "secret watch -A --from-secret ops/registry --log-format json --listen :9464"],
  ],
  groups: [
    NAMESPACES,
    {
      title: "Secret",
      options: [
        SECRET_NAME,
        { name: "replace", text: "take over Secrets of this name that others wrote" },
      ],
    },
    ACCOUNTS,
    { title: "Watch", options: WATCH },
    {
      title: "Credentials",
      options: [...LASTING_SOURCE, REGISTRY_CA, ...JUDGE.slice(0, 1)],
    },
    KUBECTL,
    LOG_OUTPUT,
  ],
};

export const APPLY: CommandSpec = {
  name: "secret apply",
  summary: "Put credentials into a Secret in each namespace, and into ServiceAccounts",
  about: [
    "One Secret of the type dockerconfigjson in each namespace, by server-side apply with the field manager pullcast. What is there already is not written again; what others wrote is not taken over without --replace.",
    "With --service-account or --all-service-accounts its name is put at the end of their imagePullSecrets: those of others stay.",
    "Credentials come from --config, --from-secret, --from-cloud and --registry, as for push; without these from your docker login.",
    "All namespaces are served by one kubectl. A namespace that refuses does not stop the others.",
  ],
  examples: [
    [
      "The namespace of your context, for its default ServiceAccount",
      "secret apply --service-account default",
    ],
    [
      "All namespaces but the system's own",
      "secret apply -A --exclude 'kube-*' --service-account default",
    ],
    [
      "One team, only its registry",
      "secret apply -n team-a --name team-a --only registry.example.com/team-a",
    ],
    ["What would come of it? Asks the API server, changes nothing", "secret apply -A --dry-run"],
    ["Each team only its registries, as a file says", "secret apply -f pullcast.yaml"],
  ],
  groups: [
    NAMESPACES,
    GROUPS_OF_FILE,
    {
      title: "Secret",
      options: [
        SECRET_NAME,
        { name: "replace", text: "take over Secrets of this name that others wrote" },
        { name: "dry-run", text: "ask the API server what would come of it, and change nothing" },
      ],
    },
    ACCOUNTS,
    {
      title: "Credentials",
      options: [
        ...SOURCE,
        REGISTRY_CA,
        ...JUDGE.slice(0, 1),
        {
          name: "yes",
          short: "y",
          text: "don't ask before credentials that nobody named go to more than 10 namespaces",
        },
      ],
    },
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const CREDENTIALS: OptionGroup = {
  title: "Credentials",
  options: [...SOURCE, REGISTRY_CA, ...JUDGE.slice(0, 1)],
};

const DIFF: CommandSpec = {
  name: "secret diff",
  summary: "Tell what an apply would change in each namespace, and change nothing",
  about: [
    "Asks the API server, which runs all of its checks: quotas, webhooks, permissions. Values are never shown.",
    "Exit code 0: nothing would change; 1: something would; 2 and above: nobody can tell.",
  ],
  examples: [
    ["All namespaces but the system's own", "secret diff -A --exclude 'kube-*'"],
    ["With a ServiceAccount", "secret diff -n team-a --service-account default"],
  ],
  groups: [
    NAMESPACES,
    GROUPS_OF_FILE,
    {
      title: "Secret",
      options: [
        SECRET_NAME,
        { name: "replace", text: "as if Secrets that others wrote were taken over" },
      ],
    },
    ACCOUNTS,
    CREDENTIALS,
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const STATUS: CommandSpec = {
  name: "secret status",
  summary: "Tell in which state each namespace's Secret is, and change nothing",
  about: [
    "The Secret is there, pullcast's, usable by a kubelet, and written by nobody else (else: missing, foreign, wrong-type, unreadable, drifted); the ServiceAccounts you name have it (incomplete); no pod runs that was made before its ServiceAccount had it (pods-without); no credential ends soon (expiring).",
    "Exit code 5 means that some namespace is not current; 3 and 4 that some or all could not be asked.",
  ],
  examples: [
    ["All namespaces", "secret status -A"],
    ["With what should name it", "secret status -A --service-account default"],
  ],
  groups: [
    NAMESPACES,
    {
      title: "Secret",
      options: [
        SECRET_NAME,
        {
          name: "expires-within",
          value: "TIME",
          default: "24h",
          text: "credentials that end earlier than this make a namespace expiring",
        },
      ],
    },
    ACCOUNTS,
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const VERIFY: CommandSpec = {
  name: "secret verify",
  summary: "Prove by a pod for each ServiceAccount that it pulls, and name the Secret that serves",
  about: [
    "A pod of each ServiceAccount, on whichever node takes it, pulls the image afresh with the Secrets that its ServiceAccount gives it. Which of them the registry lets in is asked from here, in the kubelet's order. A pull that none of them explains was served by the node's own credentials (by-node).",
  ],
  examples: [
    [
      "The default ServiceAccount of all namespaces of a team",
      "secret verify --namespace-selector team=a --image REF",
    ],
    ["One ServiceAccount", "secret verify -n team-a --service-account builder --image REF"],
  ],
  groups: [
    NAMESPACES,
    {
      title: "ServiceAccounts",
      options: ACCOUNTS.options
        .slice(0, 1)
        .map((option) => ({ ...option, text: "whose pods are to pull (default: default)" })),
    },
    {
      title: "Proof",
      options: [
        ...PROOF.filter(({ name }) => name !== "namespace" && name !== "proof").map((option) =>
          option.name === "image" ? { ...option, text: "a private image" } : option,
        ),
        REGISTRY_CA,
      ],
    },
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const NODE_CREDENTIALS: OptionGroup = {
  title: "Credentials of nodes, as push sends them (default: what Node annotations tell)",
  options: [...SOURCE, REGISTRY_CA],
};

const PLAN: CommandSpec = {
  name: "secret plan",
  summary: "Tell which Secret or node credential serves each workload, and what breaks without",
  about: [
    "Looks at Deployments, StatefulSets, DaemonSets, Jobs, CronJobs and single pods: their images, the Secrets that they or their ServiceAccounts name, and the keys in these. A workload is served by a secret alone, by the node alone, mixed (of several images), by both, or by none.",
    "It goes by keys, as a kubelet does: whether a registry lets a login in is what secret verify asks. Nothing is changed.",
  ],
  examples: [
    ["What would break if node credentials went?", "secret plan -A --config config.json"],
    ["One namespace", "secret plan -n team-a"],
  ],
  groups: [
    NAMESPACES,
    { title: "Secret", options: [SECRET_NAME] },
    NODE_CREDENTIALS,
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const PATCH: CommandSpec = {
  name: "secret patch-workloads",
  summary: "Print the imagePullSecrets that workloads need whose pods don't get the Secret",
  about: [
    "A patch for each workload that the Secret of this name would serve and that neither names it nor gets it from its ServiceAccount, as kubectl patch --patch-file and kustomize take it. Nothing is changed.",
  ],
  examples: [["For a repository", "secret patch-workloads -n team-a > patches.yaml"]],
  groups: [
    NAMESPACES,
    { title: "Secret", options: [SECRET_NAME] },
    KUBECTL,
    { title: "Output", options: REPORT_OUTPUT.options.slice(-4) },
  ],
};

const REMOVE: CommandSpec = {
  name: "secret remove",
  summary: "Take pullcast's Secret out of namespaces and ServiceAccounts",
  about: [
    "First its name leaves the ServiceAccounts that pullcast put it into, which are then as they were; then the Secret goes. What others put there stays, and is named.",
    "Pods that are there already keep what they have; nothing new starts with it.",
  ],
  examples: [
    ["All namespaces", "secret remove -A"],
    ["What would go?", "secret remove -A --dry-run"],
  ],
  groups: [
    NAMESPACES,
    {
      title: "Secret",
      options: [
        SECRET_NAME,
        { name: "dry-run", text: "ask the API server what would come of it, and change nothing" },
      ],
    },
    KUBECTL,
    REPORT_OUTPUT,
  ],
};

const RENDER: CommandSpec = {
  name: "secret render",
  summary: "Write the manifests of an apply instead of applying them, for GitOps",
  about: [
    "-o yaml prints the Secret of each namespace, and ServiceAccounts that name it; they hold the credentials, so they go to a pipe or a file, never to a terminal.",
    "-o kustomize --dir DIR writes a kustomization for each namespace whose secretGenerator reads the credentials from config.json, which .gitignore keeps out of the repository.",
    "kubectl apply puts the Secret's name beside those of others in a ServiceAccount; a server-side apply of the list would replace them.",
  ],
  examples: [
    [
      "Into a repository",
      "secret render -n team-a --service-account default -o kustomize --dir team-a",
    ],
    ["Into a pipe", "secret render -n team-a | kubectl apply -f -"],
  ],
  groups: [
    {
      title: "Namespaces",
      options: NAMESPACES.options.slice(0, 1).map((option) => ({
        ...option,
        text: "these namespaces; no cluster is asked",
      })),
    },
    { title: "Secret", options: [SECRET_NAME] },
    { title: "ServiceAccounts", options: ACCOUNTS.options.slice(0, 1) },
    CREDENTIALS,
    KUBECTL,
    {
      title: "Output",
      options: [
        {
          name: "output",
          short: "o",
          value: "FORMAT",
          choices: ["yaml", "kustomize"],
          default: "yaml",
          text: "manifests on standard output, or a kustomization in --dir",
        },
        { name: "dir", value: "DIR", text: "where -o kustomize writes" },
        ...REPORT_OUTPUT.options.slice(-4),
      ],
    },
  ],
};

/** Subcommands of `secret`, in the order of help. */
export const SECRET_COMMANDS: readonly CommandSpec[] = [
  APPLY,
  WATCH_NAMESPACES,
  DIFF,
  STATUS,
  VERIFY,
  PLAN,
  PATCH,
  REMOVE,
  RENDER,
];
