import type { Gateway } from "../../cluster/gateway.ts";
import { listAll } from "../../cluster/list-all.ts";
import { NODE_ANNOTATION } from "../../cluster/node-annotation.ts";
import { listPullSecrets, type PullSecret, pullSecretNames } from "../../cluster/pull-secrets.ts";
import { listServiceAccounts } from "../../cluster/service-accounts.ts";
import { listWorkloads, type Workload } from "../../cluster/workloads.ts";
import type { KubeletEntry } from "../../kubelet/model.ts";
import { normalizeKey } from "../../kubelet/normalize-key.ts";
import { readKubeletFile } from "../../kubelet/read-file.ts";
import { Secret } from "../../secret.ts";
import { parseWord } from "../annotate/node-word.ts";
import { lookUpImage } from "../kubelet-lookup.ts";
import { loadCredentials } from "../load-credentials.ts";
import type { SecretPlanOptions, SecretPlanReport, WorkloadPlan } from "./model.ts";
import { withSession } from "./session.ts";
import { isWide, selectNamespaces } from "./survey.ts";

/**
 * Tells of each workload which Secret or node credential serves its pulls, by their keys, and what would break without.
 * Changes nothing.
 *
 * @throws {PullcastError} PC160 where no namespace is meant, PC104 where workloads or Secrets may not be listed, PC10x
 *   where the cluster can't be asked
 */
export async function secretPlan(options: SecretPlanOptions): Promise<SecretPlanReport> {
  const { name } = options;
  return await withSession(options, async (session) => {
    const { gateway } = session;
    const chosen = await selectNamespaces(session, options.namespaces);
    const wide = isWide(options.namespaces);
    const names = new Set(chosen.map((one) => one.name));
    const nodes = await nodeKeysOf(gateway, options);
    const node = entriesOf(nodes.keys);
    const views = await Promise.all(
      (wide ? [undefined] : [...names]).map((namespace) => look(gateway, namespace)),
    );
    const items = views.flatMap(({ workloads, secrets, accounts }) =>
      workloads
        .filter(({ namespace }) => names.has(namespace))
        .map((workload) => {
          const own = secrets.get(workload.namespace) ?? new Map<string, PullSecret>();
          const offered = accounts.get(`${workload.namespace}/${workload.account}`) ?? [];
          return planOf(workload, { name, own, offered, node });
        }),
    );
    const { keys: nodeKeys, from: nodeKeysFrom } = nodes;
    return { kind: "SecretPlanReport", name, nodeKeys, nodeKeysFrom, ...session.facts(), items };
  });
}

async function look(gateway: Gateway, namespace: string | undefined) {
  const [workloads, secrets, accounts] = await Promise.all([
    listWorkloads(gateway, namespace),
    listPullSecrets(gateway, namespace),
    listServiceAccounts(gateway, namespace === undefined ? {} : { namespace }),
  ]);
  const offered = accounts.map(
    ({ metadata, imagePullSecrets }) =>
      [`${metadata.namespace}/${metadata.name}`, pullSecretNames(imagePullSecrets)] as const,
  );
  return { workloads, secrets, accounts: new Map(offered) };
}

interface NodeKeys {
  readonly keys: readonly string[];
  readonly from: SecretPlanReport["nodeKeysFrom"];
}

async function nodeKeysOf(gateway: Gateway, options: SecretPlanOptions): Promise<NodeKeys> {
  const { source } = options;
  if (source !== undefined) {
    const { entries } = await loadCredentials(source, options);
    return { keys: entries, from: "given" };
  }
  const nodes = await listAll<{
    readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  }>(gateway, "/api/v1/nodes");
  const words = nodes.map(({ metadata }) =>
    parseWord(metadata.annotations?.[NODE_ANNOTATION] ?? ""),
  );
  if (words.every((word) => word === undefined)) return { keys: [], from: "unknown" };
  // A pod may land on any node: only what all of them have serves it.
  const [first, ...others] = words.map((word) => word?.keys ?? []);
  const keys = (first ?? []).filter((key) => others.every((more) => more.includes(key)));
  return { keys, from: "annotations" };
}

/** Entries that match as these keys do; of their logins nothing is known. */
function entriesOf(keys: readonly string[]): KubeletEntry[] {
  const nothing = new Secret("");
  return keys.flatMap((key) => {
    const found = normalizeKey(key);
    if ("why" in found) return [];
    return [{ key, registry: found.registry, username: "", password: nothing, auth: nothing }];
  });
}

interface Around {
  readonly name: string;
  /** Registry Secrets of its namespace. */
  readonly own: ReadonlyMap<string, PullSecret>;
  /** Secrets that its ServiceAccount gives to pods that name none. */
  readonly offered: readonly string[];
  readonly node: readonly KubeletEntry[];
}

function planOf(workload: Workload, { name, own, offered, node }: Around): WorkloadPlan {
  const { kind, apiVersion, namespace, name: called, pullSecrets, images } = workload;
  const got = pullSecrets.length > 0 ? pullSecrets : offered;
  const serving = new Map(got.map((secret) => [secret, entriesIn(own.get(secret))]));
  const serves = (entries: readonly KubeletEntry[], image: string) =>
    lookUpImage(entries, image).candidates.length > 0;
  const bySecret = (image: string) =>
    [...serving].flatMap(([secret, entries]) => (serves(entries, image) ? [secret] : []));
  const told = images.map((image) => ({
    image,
    secrets: bySecret(image),
    node: serves(node, image),
  }));
  const byNode = told.flatMap((one) => (one.node && one.secrets.length === 0 ? [one.image] : []));
  const onlySecret = told.some((one) => !one.node && one.secrets.length > 0);
  const wanted = entriesIn(own.get(name));
  return {
    ...{ kind, apiVersion, namespace, workload: called, images, byNode },
    state: stateOf(
      told.some((one) => one.node || one.secrets.length > 0),
      {
        node: byNode.length > 0,
        secret: onlySecret,
      },
    ),
    secrets: [...new Set(told.flatMap((one) => one.secrets))],
    needs: !got.includes(name) && images.some((image) => serves(wanted, image)),
  };
}

function stateOf(
  isServed: boolean,
  breaksWithout: { readonly node: boolean; readonly secret: boolean },
): WorkloadPlan["state"] {
  if (!isServed) return "none";
  const { node, secret } = breaksWithout;
  if (node && secret) return "mixed";
  if (node) return "node";
  return secret ? "secret" : "both";
}

function entriesIn(secret: PullSecret | undefined): readonly KubeletEntry[] {
  if (secret?.content === undefined) return [];
  const { content, format } = secret;
  const file = readKubeletFile(content.reveal(), format === undefined ? {} : { format });
  return file.valid ? file.entries : [];
}
