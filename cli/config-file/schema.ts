import * as z from "zod";

/**
 * pullcast.yaml: pools of nodes, where their credentials come from and how they reach them. Each field is a flag of
 * `pullcast push`, so that both mean the same; `flags.ts` has which.
 */

const text = z.string().min(1);
const duration = text.regex(
  /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/,
  "write for instance 90s, 2m or 1h30m",
);
const portion = z.union([
  z.int().min(0),
  text.regex(/^\d{1,3}(?:\.\d+)?%$|^\d+$/, "a number, or a share like 10%"),
]);
const port = z.int().min(1).max(65_535);

const ssh = z.strictObject({
  user: text.optional().describe("login name"),
  port: port.optional().describe("port of sshd"),
  identities: z.array(text).optional().describe("private keys, paths"),
  knownHosts: z.array(text).optional().describe("files of known host keys"),
  hostKeyChecking: z.enum(["strict", "accept-new"]).optional(),
  hostTemplate: text.optional().describe("what ssh calls a node, for instance {name}.example.com"),
  transport: z.enum(["auto", "ssh2", "openssh"]).optional(),
  config: text.optional().describe("ssh's configuration, a path"),
  options: z.record(z.string(), text).optional().describe("ssh's settings, as ssh -o"),
  become: z.enum(["none", "sudo", "doas"]).optional(),
  connectTimeout: duration.optional(),
  nodeTimeout: duration.optional(),
});

const source = z.strictObject({
  configs: z.array(text).optional().describe("docker's config.json and its like, paths"),
  secrets: z
    .array(text.regex(/^[a-z0-9-]+\/[a-z0-9.-]+$/, "write NAMESPACE/NAME"))
    .optional()
    .describe("Secrets of the cluster, NAMESPACE/NAME"),
  clouds: z
    .array(text)
    .optional()
    .describe("registries of a cloud, by the identity of this machine or pod"),
  only: z.array(text).optional().describe("send only credentials of such registries, globs"),
  except: z.array(text).optional().describe("don't send credentials of such registries, globs"),
  allFromStore: z.boolean().optional(),
});

const restart = z.strictObject({
  kubelets: z.boolean().optional().describe("restart those that may use an older file"),
  maxUnavailable: portion.optional().describe("leave no more nodes than these not Ready"),
  command: text.optional().describe("in place of systemctl restart"),
  readyTimeout: duration.optional(),
});

const waves = z.strictObject({
  sizes: z.array(portion).min(1).optional().describe("nodes done after each wave: [1, 10%, 100%]"),
  by: text.optional().describe("a node label: each of its values is a wave, or a group of them"),
  maxFailures: portion.optional(),
  onFailure: z.enum(["stop", "rollback", "continue"]).optional(),
  pauseAfter: z.union([z.int().min(1), z.literal("each")]).optional(),
});

const verify = z.strictObject({
  image: text.describe("an image that each node must be able to pull"),
  between: z.boolean().optional().describe("prove each wave before the next one begins"),
  after: z.boolean().optional().describe("prove all nodes when the push has ended"),
  proof: z.enum(["pull", "auth"]).optional(),
  namespace: text.optional(),
  timeout: duration.optional(),
  maxPulls: z.int().min(1).max(1000).optional(),
  assumePrivate: z.boolean().optional(),
  ca: text.optional().describe("CA certificate of the registry, a path"),
});

/** How a pool is pushed to. */
const settings = {
  address: z.enum(["auto", "ExternalIP", "InternalIP", "Hostname", "name"]).optional(),
  ssh: ssh.optional(),
  source: source.optional(),
  delivery: z.enum(["file", "provider"]).optional(),
  providerPorts: z.array(port).optional(),
  merge: z.boolean().optional().describe("keep the entries of others"),
  fieldManager: text.optional().describe("in whose name entries are merged"),
  replace: z.boolean().optional(),
  annotate: z.boolean().optional(),
  strict: z.boolean().optional().describe("take no credentials that have warnings"),
  force: z.boolean().optional(),
  path: text.optional().describe("the directory of config.json on the nodes"),
  concurrency: z.int().min(1).max(1000).optional(),
  restart: restart.optional(),
  waves: waves.optional(),
  verify: verify.optional(),
};

const pool = z.strictObject({
  name: text.regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, "small letters, digits, dots and dashes"),
  nodes: z.array(text).optional().describe("names or globs; none means all"),
  selector: text.optional().describe("labels, as kubectl get -l"),
  fieldSelector: text.optional(),
  exclude: z.array(text).optional().describe("names or globs"),
  hosts: z.array(text).optional().describe("machines without a cluster, as --hosts"),
  ...settings,
});

/** Namespaces that get the same credentials, as one Secret in each. */
const group = z.strictObject({
  name: text.regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, "small letters, digits, dots and dashes"),
  secret: text.optional().describe("the Secret's name; pullcast if absent"),
  namespaces: z.array(text).optional(),
  namespaceSelector: text.optional().describe("labels of namespaces, as kubectl get -l"),
  allNamespaces: z.boolean().optional(),
  exclude: z.array(text).optional().describe("names or globs"),
  source: source.optional(),
  serviceAccounts: z.array(text).optional().describe("those whose pods get the Secret"),
  allServiceAccounts: z.boolean().optional(),
  replace: z.boolean().optional().describe("take over Secrets that others wrote"),
  strict: z.boolean().optional().describe("take no credentials that have warnings"),
});

const cluster = z.strictObject({
  id: text
    .regex(/^[0-9a-f-]{36}$/, "the UID of the namespace kube-system")
    .describe("UID of the namespace kube-system: nothing is done on another cluster"),
  context: text.optional().describe("kubectl's context"),
});

/** The whole file. */
export const configSchema = z
  .strictObject({
    apiVersion: z.literal("pullcast.dev/v1alpha1"),
    kind: z.literal("Config"),
    cluster: cluster.optional().describe("the cluster that the file is for; only hosts need none"),
    defaults: z.strictObject(settings).optional().describe("for all pools that say nothing else"),
    pools: z
      .array(pool)
      .default([])
      .describe("pullcast apply: pushed to one after the other, in this order"),
    secrets: z
      .array(group)
      .default([])
      .describe("pullcast secret apply -f: groups of namespaces, each with credentials of its own"),
  })
  .meta({ title: "pullcast.yaml" });

export type ConfigFile = z.infer<typeof configSchema>;
export type GroupConfig = ConfigFile["secrets"][number];
export type PoolConfig = ConfigFile["pools"][number];
