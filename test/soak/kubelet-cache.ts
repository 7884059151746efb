import { performance } from "node:perf_hooks";
import { failingPull } from "../../scripts/demo/failing-pull.ts";
import { upBed } from "../bed/index.ts";
import { items, newCliUser } from "../e2e/cli.ts";
import { NEVER } from "../rig/transport.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

/**
 * The true five minutes: a kubelet has just cached that it has no credentials, then comes a push.
 * A verify must wait, with `not yet`, and end in `pulled` with no help.
 */
export async function kubeletCache(options: SoakOptions): Promise<Evidence> {
  const onProgress = options.onProgress ?? (() => undefined);
  const bed = await upBed({ name: `cache-${process.pid}`, nodes: 3, cluster: true, onProgress });
  const user = await newCliUser();
  try {
    const { kubeconfig = "", kubectl = "", dockerConfig = "", registry } = bed;
    const image = registry?.images.find((candidate) => !candidate.public)?.ref ?? "";
    onProgress("a pull is refused, so that the kubelets cache that they have nothing");
    const refusal = await failingPull(bed, image, NEVER);
    const cluster = ["--kubeconfig", kubeconfig, "--kubectl", kubectl];
    const login = ["-i", bed.ssh.key, "--known-hosts", bed.ssh.knownHosts];
    const pushed = await user.run([
      "push",
      ...cluster,
      ...login,
      "--config",
      dockerConfig,
      "-o",
      "json",
    ]);
    onProgress("pushed; verifying");
    const started = performance.now();
    const verified = await user.run([
      ...["verify", ...cluster, "--image", image, "--ca", registry?.ca ?? "", "-o", "json"],
    ]);
    return {
      refusal,
      push: { exit: pushed.code, results: items(pushed).map(({ result }) => result) },
      verify: {
        exit: verified.code,
        results: items(verified).map(({ result }) => result),
        attempts: items(verified).map(({ attempts }) => attempts),
        saidNotYet: /not yet/i.test(verified.stderr),
        seconds: Math.round((performance.now() - started) / 1000),
      },
    };
  } finally {
    await user.remove();
    await bed.down();
  }
}
