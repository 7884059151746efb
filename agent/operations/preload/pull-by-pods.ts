import type { FrozenImage } from "../../images/frozen-image.ts";
import type { Target } from "../../model.ts";
import type { PreloadOptions } from "./model.ts";
import { withTestPods } from "./test-pods.ts";

/** How long kubelets may take for all of a wave's pulls, ms, for each image. */
const PULL_MS = 600_000;

/**
 * Has the kubelets of nodes pull images by their digest, with the nodes' own credentials: a pod each, which is removed.
 *
 * @returns whether an image came to a node in this way
 * @throws PullcastError PC1xx where the cluster is lost
 */
export async function pullByPods(
  targets: readonly Target[],
  {
    images,
    run,
    options,
    contextNamespace = "default",
  }: {
    readonly images: readonly FrozenImage[];
    readonly run: string;
    readonly options: PreloadOptions;
    readonly contextNamespace: string | undefined;
  },
): Promise<(node: string, image: FrozenImage) => boolean> {
  const pulled = new Set<string>();
  const key = (node: string, image: FrozenImage) => `${node} ${image.name}`;
  const namespace = options.proof?.namespace ?? contextNamespace;
  const timeoutMs = PULL_MS * images.length;
  await withTestPods({ run, options, namespace, timeoutMs, policy: "IfNotPresent" }, (start) =>
    Promise.all(
      targets.flatMap((target) =>
        images.map(async (image) => {
          if (options.signal.aborted) return;
          const { type } = await start(target, image.byDigest);
          if (type === "pulled") pulled.add(key(target.name, image));
        }),
      ),
    ),
  );
  return (node, image) => pulled.has(key(node, image));
}
