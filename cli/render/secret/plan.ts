import type { SecretPlanReport, WorkloadPlan } from "../../../agent/index.ts";
import { cutMiddle } from "../fit.ts";
import { nameList } from "../groups.ts";
import type { TableStyle } from "../report-table.ts";
import { renderTable } from "../table.ts";
import { formatDuration } from "../time.ts";

const MAX_CELL = 80;

/** A row for each workload. */
export function renderSecretPlan({ items }: SecretPlanReport, style: TableStyle): string {
  const rows = items.map((item) => {
    const { namespace, kind, workload, state, secrets, byNode, images } = item;
    const without = cutMiddle(byNode.join(","), MAX_CELL);
    return [
      namespace,
      `${kind.toLowerCase()}/${workload}`,
      state,
      secrets.join(","),
      style.wide ? byNode.join(",") : without,
      ...(style.wide ? [images.join(",")] : []),
    ];
  });
  const wide = style.wide ? ["IMAGES"] : [];
  const columns = ["NAMESPACE", "WORKLOAD", "SERVED BY", "SECRETS", "BY NODE ALONE", ...wide];
  return renderTable(columns, rows, style);
}

/** What would break, and what that is known by. */
export function renderPlanSummary(report: SecretPlanReport): string[] {
  const { items, nodeKeys, nodeKeysFrom, name, durationMs } = report;
  const of = (states: readonly WorkloadPlan["state"][]) =>
    items.filter(({ state }) => states.includes(state)).length;
  const needs = items.filter((item) => item.needs);
  const keys = nodeKeys.length === 0 ? "none" : nameList(nodeKeys);
  const from = {
    given: `Credentials of nodes, as given: ${keys}`,
    annotations: `Credentials of nodes, by their annotations: ${keys}`,
    unknown:
      "! nobody knows the credentials of nodes: push --annotate leaves word, or give --config",
  }[nodeKeysFrom];
  return [
    from,
    `${of(["node", "mixed"])} of ${items.length} workloads break without the nodes' credentials, ${of(["secret", "mixed"])} without their Secrets`,
    ...(needs.length === 0
      ? []
      : [
          `${needs.length} would be served by ${name} and don't get it: pullcast secret apply --service-account, or secret patch-workloads`,
        ]),
    `${items.length} workloads in ${formatDuration(durationMs)}; by keys alone: secret verify asks for real`,
  ];
}

/** `KIND/NAMESPACE/NAME` of those that need nothing of nodes, one a line. */
export function independentWorkloads({ items }: SecretPlanReport): string {
  const well = items.filter(({ state }) => state === "secret" || state === "both");
  return well
    .map(({ kind, namespace, workload }) => `${kind.toLowerCase()}/${namespace}/${workload}\n`)
    .join("");
}

/** A patch for each workload that needs the Secret, as kubectl and kustomize take it. */
export async function renderPatches({ items, name }: SecretPlanReport): Promise<string> {
  const { stringify } = await import("yaml");
  const patches = items.filter(({ needs }) => needs).map((item) => patchOf(item, name));
  return patches.map(({ note, patch }) => `${note}${stringify(patch)}`).join("---\n");
}

function patchOf({ kind, apiVersion, namespace, workload }: WorkloadPlan, name: string) {
  const pod = { imagePullSecrets: [{ name }] };
  const template = { spec: { template: { spec: pod } } };
  const spec =
    {
      Pod: pod,
      CronJob: { jobTemplate: template },
    }[kind] ?? template.spec;
  const isFixed = kind === "Pod" || kind === "Job";
  const note = isFixed ? `# A ${kind} can't be changed: make it anew with these lines.\n` : "";
  return { note, patch: { apiVersion, kind, metadata: { namespace, name: workload }, spec } };
}
