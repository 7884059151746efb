import { createInterface } from "node:readline";
import { inject } from "vitest";
import { type Bed, findBed, runKubectl, startKubectl } from "../../bed/index.ts";

/** The shared cluster bed: all that a bed with a cluster has, and its kubectl. */
export type ClusterBed = Bed &
  Required<Pick<Bed, "kubeconfig" | "kubectl" | "registry" | "dockerConfig" | "control">> & {
    /** pullcast's flags for this cluster, and for logging in to its nodes. */
    readonly flags: { readonly cluster: readonly string[]; readonly ssh: readonly string[] };
    /** Runs kubectl; rejects with its words where it fails. */
    run(args: readonly string[], input?: string): Promise<{ readonly stdout: string }>;
    /** Resolves with the first line of a kubectl command that goes on, and ends it. */
    firstLine(args: readonly string[]): Promise<string>;
  };

/** The bed that the project's set-up made. */
export async function useClusterBed(): Promise<ClusterBed> {
  const bed = await findBed(inject("clusterBed"));
  if (bed === undefined) throw new Error("the shared bed is gone");
  const { kubeconfig, kubectl, registry, dockerConfig, control } = bed;
  if (
    kubeconfig === undefined ||
    kubectl === undefined ||
    registry === undefined ||
    dockerConfig === undefined ||
    control === undefined
  ) {
    throw new Error("the shared bed has no cluster");
  }
  return {
    ...bed,
    ...{ kubeconfig, kubectl, registry, dockerConfig, control },
    flags: {
      cluster: ["--kubeconfig", kubeconfig, "--kubectl", kubectl],
      ssh: ["-i", bed.ssh.key, "--known-hosts", bed.ssh.knownHosts],
    },
    run: async (args, input) => ({ stdout: await runKubectl(bed, args, input) }),
    async firstLine(args) {
      const child = startKubectl(bed, args);
      child.stderr.resume();
      try {
        for await (const line of createInterface({ input: child.stdout })) return line;
      } finally {
        child.kill();
      }
      throw new Error(`kubectl ${args.join(" ")} printed nothing`);
    },
  };
}
