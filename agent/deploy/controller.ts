import { controllerName } from "./model.ts";

/** How the controller is made: `watch --deliver secret` inside the cluster. */
export interface ControllerSettings {
  /** Of the DaemonSet. */
  readonly namespace: string;
  readonly name: string;
  /** The command line's image. */
  readonly image: string;
  /** Secrets that hold credentials. */
  readonly sources: readonly { readonly namespace: string; readonly name: string }[];
  /** Registries whose credentials the cloud gives for its identity. */
  readonly clouds: readonly string[];
  /** Annotations of its ServiceAccount, which name that identity to the cloud. */
  readonly accountAnnotations: Readonly<Record<string, string>>;
  /** Labels of its pods: Azure's workload identity is given to pods with a label. */
  readonly podLabels: Readonly<Record<string, string>>;
}

const PORT = 9464;
const USER = 65_532;

/** The manifests of the controller, in the order in which they are made: rights by name, and one Deployment. */
export function controllerManifests(settings: ControllerSettings): object[] {
  const { namespace, name, sources } = settings;
  const own = controllerName(name);
  const metadata = { name: own, namespace, labels: controllerLabels(name) };
  const subject = [{ kind: "ServiceAccount", name: own, namespace }];
  const role = (place: object, rules: readonly object[]) => ({ ...rbac("Role", place), rules });
  const binding = (place: object) => ({
    ...rbac("RoleBinding", place),
    roleRef: { apiGroup: RBAC, kind: "Role", name: own },
    subjects: subject,
  });
  // Nodes have no namespace, and names of their own would be those of all clusters.
  const wide = { name: `${namespace}-${own}`, labels: controllerLabels(name) };
  return [
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { ...metadata, ...some("annotations", settings.accountAnnotations) },
    },
    role(metadata, [
      rule("apps", "daemonsets", { verbs: ["get", "patch"], resourceNames: [name] }),
      rule("", "secrets", { verbs: ["create", "list", "get", "delete"] }),
      rule("", "pods", { verbs: ["list"] }),
      rule("", "events", { verbs: ["create"] }),
      rule(LEASES, "leases", { verbs: ["create"] }),
      rule(LEASES, "leases", { verbs: ["get", "update"], resourceNames: [own] }),
    ]),
    binding(metadata),
    { ...rbac("ClusterRole", wide), rules: [rule("", "nodes", { verbs: ["list"] })] },
    {
      ...rbac("ClusterRoleBinding", wide),
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: wide.name },
      subjects: subject,
    },
    ...sourceRoles(sources, namespace).flatMap(({ place, names }) => {
      const at = { name: own, namespace: place, labels: controllerLabels(name) };
      return [
        role(at, [rule("", "secrets", { verbs: ["get"], resourceNames: names })]),
        binding(at),
      ];
    }),
    deployment(settings, metadata),
  ];
}

const RBAC = "rbac.authorization.k8s.io";
const LEASES = "coordination.k8s.io";

/** The field, unless it is empty. */
function some(field: string, value: Readonly<Record<string, string>>): object {
  return Object.keys(value).length === 0 ? {} : { [field]: value };
}

function rbac(kind: string, metadata: object) {
  return { apiVersion: `${RBAC}/v1`, kind, metadata };
}

function rule(
  group: string,
  resource: string,
  may: { readonly verbs: readonly string[]; readonly resourceNames?: readonly string[] },
): object {
  return { apiGroups: [group], resources: [resource], ...may };
}

/** Which Secrets must be read in which namespaces other than the agent's own. */
function sourceRoles(sources: ControllerSettings["sources"], own: string) {
  const places = new Set(sources.map(({ namespace }) => namespace).filter((one) => one !== own));
  return [...places].map((place) => ({
    place,
    names: sources.filter(({ namespace }) => namespace === place).map(({ name }) => name),
  }));
}

function controllerLabels(name: string) {
  return {
    "app.kubernetes.io/name": "pullcast-controller",
    "app.kubernetes.io/instance": name,
    "app.kubernetes.io/managed-by": "pullcast",
  };
}

function deployment(
  { namespace, name, image, sources, clouds, podLabels }: ControllerSettings,
  metadata: { readonly name: string },
): object {
  const labels = controllerLabels(name);
  const probe = (path: string) => ({ httpGet: { path, port: "metrics" }, periodSeconds: 10 });
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: {
      replicas: 1,
      // Two would make a revision each.
      strategy: { type: "Recreate" },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: { ...podLabels, ...labels } },
        spec: {
          serviceAccountName: metadata.name,
          enableServiceLinks: false,
          securityContext: {
            ...{ runAsNonRoot: true, runAsUser: USER, runAsGroup: USER, fsGroup: USER },
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [
            {
              name: "controller",
              image,
              args: [
                ...["watch", "--deliver", "secret", "--agent", `${namespace}/${name}`],
                ...sources.flatMap((one) => ["--from-secret", `${one.namespace}/${one.name}`]),
                ...clouds.flatMap((registry) => ["--from-cloud", registry]),
                ...["--log-format", "json", "--listen", `:${PORT}`],
              ],
              ports: [{ name: "metrics", containerPort: PORT }],
              livenessProbe: { ...probe("/healthz"), failureThreshold: 6 },
              readinessProbe: probe("/readyz"),
              resources: {
                requests: { cpu: "10m", memory: "96Mi" },
                limits: { memory: "256Mi" },
              },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              // The socket of kubectl's proxy, and what kubectl remembers of the API.
              volumeMounts: [
                { name: "scratch", mountPath: "/tmp" },
                { name: "scratch", mountPath: "/home/pullcast" },
              ],
            },
          ],
          volumes: [{ name: "scratch", emptyDir: { medium: "Memory", sizeLimit: "32Mi" } }],
        },
      },
    },
  };
}
