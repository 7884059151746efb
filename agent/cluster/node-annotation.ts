import type { ApiAnswer, Gateway } from "./gateway.ts";

/** What the last run left on a node, for those who can't log in there. */
export const NODE_ANNOTATION = "pullcast.dev/credentials";

/** Of server-side apply: pullcast owns this one annotation and nothing else of a node. */
const FIELD_MANAGER = "pullcast-node";

/**
 * Sets the annotation of a node, or takes it away: server-side apply leaves all else alone. The UID keeps it from
 * making a node that is gone, and from speaking of a new one by the same name.
 *
 * @throws PullcastError PC103 to PC106
 */
export async function annotateNode(
  gateway: Gateway,
  node: { readonly name: string; readonly uid: string },
  value: string | undefined,
): Promise<ApiAnswer> {
  const { name, uid } = node;
  const annotations = value === undefined ? {} : { [NODE_ANNOTATION]: value };
  const query = new URLSearchParams({ fieldManager: FIELD_MANAGER, force: "true" });
  return await gateway.request("PATCH", `/api/v1/nodes/${encodeURIComponent(name)}?${query}`, {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, uid, annotations },
  });
}
