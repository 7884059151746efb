import { describeCode } from "../../errors.ts";
import type { PreloadItem, Target } from "../../model.ts";
import type { PreloadOptions } from "./model.ts";
import { withTestPods } from "./test-pods.ts";

/**
 * Starts a pod that may not pull for each item whose image is there; the pods are removed at the end.
 *
 * @returns the items, in their order, with what became of it: one that did not start is a failure (PC716)
 * @throws PullcastError PC1xx where the cluster is lost
 */
export async function proveStarts(
  items: readonly PreloadItem[],
  {
    run,
    targets,
    options,
    proof,
    contextNamespace = "default",
  }: {
    readonly run: string;
    readonly targets: readonly Target[];
    readonly options: PreloadOptions;
    readonly proof: NonNullable<PreloadOptions["proof"]>;
    readonly contextNamespace: string | undefined;
  },
): Promise<PreloadItem[]> {
  const byName = new Map(targets.map((target) => [target.name, target]));
  const namespace = proof.namespace ?? contextNamespace;
  const { timeoutMs } = proof;
  return await withTestPods({ run, options, namespace, timeoutMs, policy: "Never" }, (start) => {
    const prove = async (item: PreloadItem): Promise<PreloadItem> => {
      const target = byName.get(item.node);
      const isThere = item.result === "loaded" || item.result === "present";
      if (target === undefined || !isThere || options.signal.aborted) return item;
      const outcome = await start(target, item.image);
      if (outcome.type === "stopped") return item;
      if (outcome.type === "pulled") return { ...item, starts: true };
      const message = `${describeCode("PC716").title}: ${outcome.message}`;
      return { ...item, starts: false, result: "failed", code: "PC716", message };
    };
    return Promise.all(items.map(prove));
  });
}
