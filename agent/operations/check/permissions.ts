import { mayI, type Permission } from "../../cluster/access-review.ts";
import type { Gateway } from "../../cluster/gateway.ts";
import type { CheckItem } from "../../model.ts";
import { errorItem, failedItem, okItem, warningItem } from "./items.ts";

interface Need extends Permission {
  readonly command: "push" | "verify";
}

interface PermissionOptions {
  /** Namespace of a verify's test pods. */
  readonly namespace: string;
  /** Secrets that the credentials come from. */
  readonly secrets: readonly { readonly namespace: string; readonly name: string }[];
  /** Whether a verify comes next: a missing permission of its own is a failure then. */
  readonly verifies: boolean;
}

/** Whether the user may do what push and verify ask of the API server. */
export async function checkPermissions(
  gateway: Gateway,
  options: PermissionOptions,
): Promise<CheckItem[]> {
  return await Promise.all(needs(options).map((need) => checkOne(gateway, need, options.verifies)));
}

function needs({ namespace, secrets }: PermissionOptions): Need[] {
  const pod = (verb: string, resource = "pods"): Need => ({
    ...{ command: "verify", verb, resource, namespace },
  });
  return [
    { command: "push", verb: "list", resource: "nodes" },
    // For --restart-kubelet, which waits until the node is Ready again.
    { command: "push", verb: "get", resource: "nodes" },
    { command: "push", verb: "watch", resource: "nodes" },
    ...secrets.map((secret) => ({
      ...secret,
      ...({ command: "push", verb: "get", resource: "secrets" } as const),
    })),
    ...["create", "get", "list", "watch", "delete"].map((verb) => pod(verb)),
    pod("get", "pods/log"),
    pod("list", "events"),
  ];
}

async function checkOne(gateway: Gateway, need: Need, verifies: boolean): Promise<CheckItem> {
  const { command, verb, namespace } = need;
  const resource = need.name === undefined ? need.resource : `${need.resource}/${need.name}`;
  const where = namespace === undefined ? "" : ` in ${namespace}`;
  const subject = { group: "rbac" as const, name: `${verb} ${resource}` };
  try {
    if (await mayI(gateway, need)) return okItem(subject, `allowed${where}, for ${command}`);
  } catch (error) {
    return errorItem(subject, error);
  }
  const finding = {
    code: "PC130" as const,
    detail: `${verb} ${resource}${where}, which ${command} needs${softly(need)}`,
    fix: `kubectl auth can-i ${verb} ${resource}${namespace === undefined ? "" : ` -n ${namespace}`}; ask for a role that allows it`,
  };
  const isNeeded = softly(need) === "" && (command === "push" || verifies);
  return isNeeded ? failedItem(subject, finding) : warningItem(subject, finding);
}

/** What works without, and what is lost then. */
function softly({ command, verb, resource }: Need): string {
  if (resource === "nodes" && command === "push" && verb !== "list")
    return " for --restart-kubelet";
  if (resource === "events") return " to tell why a pull failed";
  return "";
}
