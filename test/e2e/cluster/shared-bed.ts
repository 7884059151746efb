import type { TestProject } from "vitest/node";
import { upBed } from "../../bed/index.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Name of the cluster bed that all files of this project share. */
    readonly clusterBed: string;
  }
}

/** One cluster of three nodes for all files, with kubelets that keep credentials for 20 s only. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bed = await upBed({
    name: `e2e-${process.pid}`,
    nodes: 3,
    cluster: true,
    kubelet: "kubelet-fastcache",
    onProgress: (line) => console.log(`  ${line}`),
  });
  project.provide("clusterBed", bed.name);
  return () => bed.down();
}
