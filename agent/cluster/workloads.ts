import { cleanText } from "../util/clean-text.ts";
import type { Gateway } from "./gateway.ts";
import { listAll } from "./list-all.ts";
import { pullSecretNames } from "./pull-secrets.ts";

/** What makes pods: their images, and where their pull secrets come from. */
export interface Workload {
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob" | "Pod";
  readonly apiVersion: string;
  readonly namespace: string;
  readonly name: string;
  /** The ServiceAccount of its pods. */
  readonly account: string;
  /** Secrets that its pods name themselves: none of the ServiceAccount's are added to these. */
  readonly pullSecrets: readonly string[];
  /** Each once. */
  readonly images: readonly string[];
}

interface PodSpec {
  readonly serviceAccountName?: string;
  readonly imagePullSecrets?: readonly { readonly name?: string }[];
  readonly containers?: readonly { readonly image?: string }[];
  readonly initContainers?: readonly { readonly image?: string }[];
}

interface Template {
  readonly spec?: PodSpec;
}

interface WorkloadObject {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly controller?: boolean }[];
  };
  readonly spec?: PodSpec & {
    readonly template?: Template;
    readonly jobTemplate?: { readonly spec?: { readonly template?: Template } };
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
  };
}

const KINDS: readonly {
  readonly kind: Workload["kind"];
  readonly apiVersion: string;
  readonly plural: string;
}[] = [
  { kind: "Deployment", apiVersion: "apps/v1", plural: "deployments" },
  { kind: "StatefulSet", apiVersion: "apps/v1", plural: "statefulsets" },
  { kind: "DaemonSet", apiVersion: "apps/v1", plural: "daemonsets" },
  { kind: "Job", apiVersion: "batch/v1", plural: "jobs" },
  { kind: "CronJob", apiVersion: "batch/v1", plural: "cronjobs" },
  { kind: "Pod", apiVersion: "v1", plural: "pods" },
];

/**
 * Workloads that may make pods: those that belong to no other, that are not being deleted and have not ended.
 *
 * @param namespace - absent: of the whole cluster
 * @throws PullcastError PC103 to PC106; PC104 where they may not be listed
 */
export async function listWorkloads(gateway: Gateway, namespace?: string): Promise<Workload[]> {
  const lists = await Promise.all(
    KINDS.map(async ({ kind, apiVersion, plural }) => {
      const api = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
      const where = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
      const items = await listAll<WorkloadObject>(gateway, `${api}${where}/${plural}`);
      return items.filter(isAlive).map((item) => workloadOf(item, { kind, apiVersion }));
    }),
  );
  return lists.flat();
}

function isAlive({ metadata, status }: WorkloadObject): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  if (metadata.ownerReferences?.some(({ controller }) => controller === true)) return false;
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return false;
  const ended = status?.conditions?.some(
    ({ type, status: is }) => (type === "Complete" || type === "Failed") && is === "True",
  );
  return ended !== true;
}

function workloadOf(
  { metadata, spec = {} }: WorkloadObject,
  of: Pick<Workload, "kind" | "apiVersion">,
): Workload {
  const template = spec.jobTemplate?.spec?.template ?? spec.template;
  const pod = of.kind === "Pod" ? spec : (template?.spec ?? {});
  const { containers = [], initContainers = [], imagePullSecrets } = pod;
  const images = [...initContainers, ...containers].flatMap(({ image }) => image ?? []);
  return {
    ...of,
    namespace: metadata.namespace,
    name: cleanText(metadata.name, 253),
    account: pod.serviceAccountName ?? "default",
    pullSecrets: pullSecretNames(imagePullSecrets),
    images: [...new Set(images)].map((image) => cleanText(image, 500)),
  };
}
