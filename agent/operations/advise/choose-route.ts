import type { ClusterFacts, Route, Wish } from "./model.ts";

/** The first kubelet that takes providers as `push --delivery provider` sets them up. */
const PROVIDER_MINOR = 26;

interface Choice {
  readonly advised: Route;
  readonly others: readonly { readonly route: Route["route"]; readonly why: string }[];
}

/**
 * Which route fits, after the use cases of the Kubernetes documentation (concepts/containers/images, "Use cases"):
 * public images need nothing; private ones for all go to nodes or into pull secrets, where nodes don't last into pull
 * secrets; stricter ones into pull secrets with images pulled afresh; tenants get a secret each.
 */
export function chooseRoute(want: Wish, facts: ClusterFacts): Choice {
  if (want === "public") return { advised: NOTHING, others: [] };
  if (want === "some" || want === "tenants") return ownSecrets(want, facts);
  return facts.unsuited.length > 0 ? managed(facts) : ownNodes(facts);
}

const NOTHING: Route = {
  route: "none",
  why: ["anybody may pull these images"],
  exposes: ["nothing"],
  commands: [],
};

const ON_NODES = [
  "every pod on a node may use the node's credentials",
  "what one pod pulled may be used by others on that node, unless each pull is afresh (AlwaysPullImages, or the kubelet's imagePullCredentialsVerificationPolicy)",
];

const IN_SECRETS = [
  "whoever may read Secrets in a namespace, or make pods there, may use that namespace's credentials",
];

function ownNodes(facts: ClusterFacts): Choice {
  const isOld = minorOf(facts.oldestKubelet) < PROVIDER_MINOR;
  const scaled = facts.autoscaler;
  const why = [
    "private images for every pod: credentials on nodes need nothing in pods or namespaces",
    ...(isOld
      ? [
          `a kubelet of ${facts.oldestKubelet} is too old for a provider: a file is in force within 5 minutes`,
        ]
      : ["a provider is in force at the next pull; a file within 5 minutes"]),
    ...(scaled === undefined
      ? []
      : [`${scaled} makes new nodes: they have nothing until a push reaches them`]),
  ];
  const push = isOld ? "pullcast push" : "pullcast push --delivery provider";
  return {
    advised: {
      route: isOld ? "node-file" : "node-provider",
      why,
      exposes: ON_NODES,
      commands: [
        "pullcast check",
        `${push} --waves 1,10%,100% --verify-between --image REF --on-failure rollback`,
        "pullcast status",
        ...(scaled === undefined ? [] : ["pullcast push, again for new nodes"]),
      ],
    },
    others: [
      {
        route: "secrets",
        why: "works too, in every namespace and ServiceAccount; new namespaces must be served as well",
      },
      ...(isOld
        ? []
        : [
            {
              route: "node-file" as const,
              why: "needs no change of the kubelet's start, and waits for its cache",
            },
          ]),
    ],
  };
}

function managed(facts: ClusterFacts): Choice {
  const sealed = facts.unsuited.filter(({ unwise }) => !unwise);
  const fixes = [...new Set(facts.unsuited.map(({ fix }) => fix))];
  const why = facts.unsuited.map(
    ({ why: clause, nodes }) => `${nodes} of ${facts.nodes} nodes: ${clause}`,
  );
  if (sealed.length === facts.unsuited.length) {
    return {
      advised: { route: "cloud", why, exposes: ON_NODES, commands: fixes },
      others: [{ route: "secrets", why: "works on every cluster, namespace by namespace" }],
    };
  }
  return {
    advised: {
      route: "secrets",
      why,
      exposes: IN_SECRETS,
      commands: [
        "pullcast secret apply -A --exclude 'kube-*' --all-service-accounts",
        "pullcast secret verify -A --exclude 'kube-*' --image REF",
        ...fixes.filter((fix) => !fix.startsWith("pullcast secret apply;")),
        ...fixes.flatMap((fix) => {
          const own = /^pullcast secret apply; (.*?)(?:; --force .*)?$/.exec(fix)?.[1];
          return own === undefined ? [] : [own];
        }),
      ],
    },
    others: [
      { route: "node-file", why: "--force pushes to such nodes; what replaces them takes it away" },
    ],
  };
}

function ownSecrets(want: "some" | "tenants", facts: ClusterFacts): Choice {
  const afresh =
    facts.alwaysPull === true
      ? "admission makes every pod pull afresh, so that an image on a node serves nobody who may not pull it"
      : facts.alwaysPull === false
        ? "without AlwaysPullImages a pod may use an image that is on its node already, whoever pulled it: let the API server's administrator turn it on, or use imagePullCredentialsVerificationPolicy"
        : "whether admission makes pods pull afresh is not known";
  const each = want === "tenants" ? "each tenant's namespaces" : "the namespaces that may";
  return {
    advised: {
      route: "secrets",
      why: [`credentials that must not serve every pod go into Secrets of ${each}`, afresh],
      exposes: [
        ...IN_SECRETS,
        ...(facts.annotated > 0 ? ["node credentials that are there serve all pods besides"] : []),
      ],
      commands: [
        ...(want === "tenants"
          ? [
              "pullcast secret apply --namespace-selector tenant=A --name pull-a --only registry.example.com/a --all-service-accounts",
            ]
          : [
              "pullcast secret apply -n NAMESPACE --only registry.example.com/team --service-account default",
            ]),
        "pullcast secret plan -A --config config.json",
        ...(facts.annotated > 0
          ? ["pullcast remove --registry HOST, for what no longer is for all"]
          : []),
      ],
    },
    others: [{ route: "node-file", why: "gives every pod on a node the same" }],
  };
}

function minorOf(version: string): number {
  return Number(/^v?1\.(\d+)/.exec(version)?.[1] ?? Number.POSITIVE_INFINITY);
}
