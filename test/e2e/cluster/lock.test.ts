import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type CliUser, newCliUser, results } from "../cli.ts";
import { readNodeFile } from "../node-file.ts";
import { useClusterBed } from "./cluster-bed.ts";

const bed = await useClusterBed();
const [node = ""] = bed.nodes.map(({ name }) => name);
const ROLE = "lock-reader";

let user: CliUser;
beforeAll(async () => {
  user = await newCliUser();
});
afterEach(async () => {
  await bed.run(["delete", "lease", "pullcast", "-n", "kube-system", "--ignore-not-found"]);
  await user.run(["restore", node, ...cluster, ...login]);
});
afterAll(async () => {
  await bed.run(["delete", "clusterrolebinding,clusterrole", ROLE, "--ignore-not-found"]);
  await user.remove();
});

const { cluster, ssh: login } = bed.flags;
const args = (...more: string[]) => [
  ...["push", node, ...cluster, ...login, "--config", bed.dockerConfig, "-o", "json"],
  ...more,
];
const push = (...more: string[]) => user.run(args(...more));
const holder = async () => {
  const lease = ["get", "lease", "pullcast", "-n", "kube-system", "--ignore-not-found"];
  return (await bed.run([...lease, "-o", "jsonpath={.spec.holderIdentity}"])).stdout;
};
/** Another tool, or an operator elsewhere: nobody here can tell whether it is still there. */
const holdAs = (identity: string, seconds: number) =>
  bed.run(
    ["apply", "-f", "-"],
    JSON.stringify({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "pullcast", namespace: "kube-system" },
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: seconds,
        renewTime: new Date().toISOString().replace("Z", "000Z"),
      },
    }),
  );

describe("the cluster's Lease", () => {
  it("lets one run after another, and is free at their end", async () => {
    const runs = await Promise.all([push(), push()]);
    for (const run of runs) expect(run.code, run.stderr).toBe(0);
    expect(runs.flatMap((run) => Object.values(results(run))).sort()).toEqual([
      "unchanged",
      "updated",
    ]);
    expect(await holder()).toBe("");
  });

  it("keeps a run off while another one holds it, and names that one", async () => {
    await holdAs("bob@elsewhere 1", 60);
    const run = await push("--lock-wait", "1s");
    expect(run.code, run.stderr).toBe(1);
    expect(run.stderr).toContain("PC143");
    expect(run.stderr).toContain("bob@elsewhere");
    expect(await readNodeFile(bed, node)).toBeUndefined();
    expect(await holder()).toBe("bob@elsewhere 1");
  });

  it("is taken from a holder that renews no more", async () => {
    await holdAs("bob@elsewhere 2", 1);
    const run = await push();
    expect(run.code, run.stderr).toBe(0);
    expect(await holder()).toBe("");
  });

  it("is taken at once from a run that was killed on this machine", async () => {
    const { child, ended } = user.start(args());
    await vi.waitFor(async () => expect(await holder()).not.toBe(""), 20_000);
    child.kill("SIGKILL");
    await ended;
    expect(await holder()).not.toBe("");
    const run = await push();
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).not.toContain("PC143");
  });

  it("is no condition: without the right to it the run says so and goes on", async () => {
    await bed.run(["create", "clusterrole", ROLE, "--verb=get,list", "--resource=nodes"]);
    await bed.run(["create", "clusterrolebinding", ROLE, `--clusterrole=${ROLE}`, "--user=max"]);
    const run = await push("--as", "max");
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toContain("PC142");
    expect(results(run)).toEqual({ [node]: "updated" });
  });
});
