import type { Gateway } from "./gateway.ts";
import { listAll } from "./list-all.ts";

/** A namespace, and whether it is being deleted. */
export interface Namespace {
  readonly name: string;
  readonly terminating: boolean;
}

/**
 * The cluster's namespaces by name.
 *
 * @param labelSelector - kubectl's `-l`
 * @throws PullcastError PC103 to PC106; PC104 where they may not be listed
 */
export async function listNamespaces(
  gateway: Gateway,
  labelSelector?: string,
): Promise<Namespace[]> {
  const query = labelSelector === undefined ? {} : { labelSelector };
  const items = await listAll<NamespaceObject>(gateway, "/api/v1/namespaces", query);
  return items.map(({ metadata: { name }, status }) => ({
    name,
    terminating: status?.phase === "Terminating",
  }));
}

interface NamespaceObject {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly phase?: string };
}

/** A namespace's own objects, as an API path. */
export function namespacePath(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
}
