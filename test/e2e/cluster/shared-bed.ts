import type { TestProject } from "vitest/node";
import { type UpOptions, upBed } from "../../bed/index.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Name of the cluster bed that all files of this project share. */
    readonly clusterBed: string;
  }
}

/** One cluster of three nodes for all files of a project, with kubelets that keep credentials for 20 s only. */
export async function shareBed(
  project: TestProject,
  options: Pick<UpOptions, "containerd"> & { readonly name: string },
): Promise<() => Promise<void>> {
  const bed = await upBed({
    ...options,
    nodes: 3,
    cluster: true,
    kubelet: "kubelet-fastcache",
    onProgress: (line) => console.log(`  ${line}`),
  });
  project.provide("clusterBed", bed.name);
  return () => bed.down();
}
