import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PreloadItem, PreloadReport } from "../../../agent/index.ts";
import { type PushTarget, pushImage } from "../../bed/index.ts";
import { type CliRun, newCliUser } from "../cli.ts";
import type { ClusterBed } from "./cluster-bed.ts";

const HOST_BUSYBOX = "/bin/busybox";

/** What tests of preloading need of a cluster; `close` takes all images of theirs from its nodes. */
export async function preloadRig(bed: ClusterBed, name: string) {
  const names = bed.nodes.map((node) => node.name);
  const { host, user: robot, password } = bed.registry;
  const repository = `${name}-${process.pid}/app`;
  const ctr = "ctr -n k8s.io";
  const user = await newCliUser();
  const cache = join(user.home, "images");
  const ca = await readFile(bed.registry.ca, "utf8");
  const target: PushTarget = { host, ca, user: robot, password };

  async function sh(where: string, script: string, input?: Buffer): Promise<string> {
    const run = await bed.exec(where, ["sh", "-c", script], input === undefined ? {} : { input });
    if (run.code !== 0) throw new Error(`${script}: ${run.stderr}`);
    return run.stdout.trim();
  }

  const cluster = [...bed.flags.cluster, ...bed.flags.ssh, "-o", "json"];

  function reportOf(run: CliRun): PreloadReport {
    try {
      return JSON.parse(run.stdout) as PreloadReport;
    } catch (cause) {
      throw new Error(`code ${run.code}: ${run.stderr}`, { cause });
    }
  }

  return {
    ...{ names, host, repository, ctr, user, cache, target, sh, reportOf },
    arch: process.arch === "x64" ? "amd64" : process.arch,
    /** Runs preload; disks of machines that run tests may be rather full. */
    preload: (...more: string[]): Promise<CliRun> =>
      user.run([
        ...["preload", ...cluster, "--config", bed.dockerConfig],
        ...["--ca", bed.registry.ca, "--cache", cache],
        ...(more.includes("--disk-limit") ? more : ["--disk-limit", "100%", ...more]),
      ]),
    /** Runs a command of preload's that asks no registry. */
    ledger: (command: string, ...more: string[]): Promise<CliRun> =>
      user.run(["preload", command, ...cluster, ...more]),
    byNode: (run: CliRun): Map<string, PreloadItem> =>
      new Map(reportOf(run).items.map((item) => [item.node, item])),

    /**
     * An image that pods run: its layers below are as large and as random as is asked for.
     *
     * @param tag - of this test's repository; or REPOSITORY:TAG
     */
    async pushApp(tag: string, below: readonly Buffer[], mark: string) {
      const busybox = await readFile(HOST_BUSYBOX);
      return await pushImage(target, {
        name: tag.includes(":") ? tag : `${repository}:${tag}`,
        below: [
          [
            { path: "bin/", mode: 0o755 },
            { path: "bin/sh", data: busybox, mode: 0o755 },
          ],
          ...below.map((data, index) => [{ path: `layer-${index}`, data }]),
        ],
        files: [{ path: "mark", data: mark }],
      });
    },

    /** Starts a pod that may not pull, and gives what it printed, or why it waits. */
    async neverPod(node: string, image: string): Promise<string> {
      const pod = `never-${randomBytes(4).toString("hex")}`;
      const spec = {
        ...{ nodeName: node, restartPolicy: "Never", terminationGracePeriodSeconds: 0 },
        automountServiceAccountToken: false,
        containers: [
          { name: "a", image, imagePullPolicy: "Never", command: ["/bin/sh", "-c", "cat /mark"] },
        ],
      };
      const document = { apiVersion: "v1", kind: "Pod", metadata: { name: pod }, spec };
      await bed.run(["apply", "-f", "-"], JSON.stringify(document));
      try {
        const phase = "--for=jsonpath={.status.phase}=Succeeded";
        const waiting = "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}";
        const end = await Promise.any([
          bed.run(["wait", `pod/${pod}`, phase, "--timeout=60s"]).then(() => ""),
          bed
            .run(["wait", `pod/${pod}`, `${waiting}=ErrImageNeverPull`, "--timeout=60s"])
            .then(() => "ErrImageNeverPull"),
        ]);
        return end === "" ? (await bed.run(["logs", pod])).stdout : end;
      } finally {
        await bed.run(["delete", "pod", pod, "--wait=false"]);
      }
    },

    read: (path: string): Promise<string> => readFile(path, "utf8"),

    async close(): Promise<void> {
      for (const node of names) {
        await sh(
          node,
          `${ctr} images ls -q | grep ${repository} | xargs -r ${ctr} images rm --sync >/dev/null; true`,
        );
      }
      await user.remove();
    },
  };
}
