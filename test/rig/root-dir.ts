import { mkdtemp, rm } from "node:fs/promises";

/**
 * A directory of root's own under a path that only root may change, as the kubelet's is:
 * under /tmp, where anybody may write, the node's program would refuse to work.
 */
export async function newRootDir(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp("/var/lib/pullcast-test-");
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
