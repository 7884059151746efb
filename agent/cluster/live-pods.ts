import { cleanText } from "../util/clean-text.ts";
import type { Gateway } from "./gateway.ts";
import { listAll } from "./list-all.ts";
import { namespacePath } from "./namespaces.ts";

/** A pod that is to run or runs, and the pull secrets that it got when it was made. */
export interface LivePod {
  readonly namespace: string;
  readonly name: string;
  /** Its ServiceAccount. */
  readonly account: string;
  readonly pullSecrets: readonly string[];
}

interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: {
    readonly serviceAccountName?: string;
    readonly imagePullSecrets?: readonly { readonly name?: string }[];
  };
}

/**
 * Pods that have not ended and are not being deleted: of one namespace, or of all.
 *
 * @throws PullcastError PC103 to PC106; PC104 where they may not be listed
 */
export async function listLivePods(gateway: Gateway, namespace?: string): Promise<LivePod[]> {
  const base = namespace === undefined ? "/api/v1" : namespacePath(namespace);
  const fieldSelector = "status.phase!=Succeeded,status.phase!=Failed";
  const items = await listAll<PodObject>(gateway, `${base}/pods`, { fieldSelector });
  return items.flatMap(({ metadata, spec = {} }) => {
    if (metadata.deletionTimestamp !== undefined) return [];
    const { serviceAccountName: account = "default", imagePullSecrets = [] } = spec;
    return [
      {
        namespace: metadata.namespace,
        name: cleanText(metadata.name, 253),
        account,
        pullSecrets: imagePullSecrets.flatMap(({ name }) => (name === undefined ? [] : [name])),
      },
    ];
  });
}
