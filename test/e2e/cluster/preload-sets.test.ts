import { randomBytes } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import type { HoldingsReport } from "../../../agent/index.ts";
import type { CliRun } from "../cli.ts";
import { useClusterBed } from "./cluster-bed.ts";
import { followWatch } from "./follow-watch.ts";
import { preloadRig } from "./preload-rig.ts";

const bed = await useClusterBed();
const rig = await preloadRig(bed, "sets");
const { names, ctr, sh, preload, ledger, pushApp, byNode, reportOf } = rig;
const [first = "", second = "", third = ""] = names;
afterAll(() => rig.close());

/** Tags of this test's image on a node, with what stands there of them. */
const told = (run: CliRun, wanted: string) =>
  (JSON.parse(run.stdout) as HoldingsReport).items.flatMap(
    ({ node, image, result, sets, pinned }) => {
      if (node !== wanted) return [];
      const tag = image?.includes(rig.repository) === true ? image.split(":").at(-1) : image;
      const parts = [tag ?? "-", result, sets?.join("+"), pinned === true ? "pinned" : ""];
      return [parts.filter((part) => part !== undefined && part !== "").join(" ")];
    },
  );

const pinnedTags = async (node: string) =>
  (
    await sh(
      node,
      `${ctr} images ls | grep ${rig.repository}: | grep pinned=pinned | sed -E 's/^[^ ]*:([^ :]+) .*/\\1/'`,
    )
  ).split("\n");

describe("a set", () => {
  it("holds its images, and lets go of those that left it", async () => {
    const { ref: one } = await pushApp("one", [randomBytes(1000)], "one");
    const { ref: two } = await pushApp("two", [randomBytes(1000)], "two");
    const { ref: three } = await pushApp("three", [randomBytes(1000)], "three");
    const begun = await preload(one, two, "--set", "base");
    expect(begun.code, begun.stdout + begun.stderr).toBe(0);
    expect(told(await ledger("status", "--set", "base"), first)).toEqual([
      ...["one held base pinned", "two held base pinned"],
    ]);
    const listed = await rig.user.run([
      ...["preload", "list", ...bed.flags.cluster, ...bed.flags.ssh, "--set", "base", "-o", "name"],
    ]);
    expect(listed.stdout.trim().split("\n").sort()).toEqual([one, two].sort());
    const next = reportOf(await preload(two, three, "--set", "base"));
    // By its tag and by its digest.
    expect(next.left?.filter(({ node }) => node === first)).toHaveLength(2);
    for (const node of names) expect((await pinnedTags(node)).sort()).toEqual(["three", "two"]);
    expect(await sh(first, `${ctr} images ls -q | grep -c ${rig.repository}:one`)).toBe("1");
  });

  it("shares an image with another set, and what others pinned stays pinned", async () => {
    const shared = `${rig.host}/${rig.repository}:two`;
    const { ref: foreign } = await pushApp("foreign", [randomBytes(1000)], "foreign");
    await preload(foreign, first, "--no-pin");
    await sh(first, `${ctr} images label ${foreign} io.cri-containerd.pinned=pinned`);
    await preload(shared, foreign, first, "--set", "ops");
    const over = await ledger("prune", "--set", "ops");
    expect(over.code, over.stderr).toBe(0);
    const left = told(over, first)?.filter((one) => /^(?:two|foreign) /.test(one));
    expect(left?.sort()).toEqual(["foreign left pinned", "two left pinned"]);
    expect((await pinnedTags(first)).sort()).toEqual(["foreign", "three", "two"]);
  });

  it("is not whole where a node lacks an image, or has another by that name", async () => {
    const { ref: three } = await pushApp("three", [randomBytes(1000)], "three anew");
    const two = `${rig.host}/${rig.repository}:two`;
    const before = byNode(await preload(two, second)).get(second)?.digest;
    await preload(two, three, first, "--set", "base");
    const names = `$(${ctr} images ls | grep ${before} | cut -d ' ' -f 1)`;
    await sh(second, `${ctr} images rm --sync ${names}`);
    const status = await ledger("status", "--set", "base");
    expect(status.code).toBe(5);
    expect(told(status, first)?.sort()).toEqual([
      "three differs base pinned",
      "two held base pinned",
    ]);
    expect(told(status, second)?.sort()).toEqual(["three held base pinned", "two missing base"]);
    expect(told(status, third)?.sort()).toEqual(["three held base pinned", "two held base pinned"]);
  });

  it("is whole and over: what no set holds is unpinned by a prune", async () => {
    const { ref: alone } = await pushApp("alone", [randomBytes(1000)], "alone");
    await preload(alone, first);
    expect(await pinnedTags(first)).toContain("alone");
    await ledger("prune", "--set", "base");
    // As a run leaves a layer that was stopped before there was an image.
    const blob = (await sh(first, `${ctr} content ls -q`)).split("\n")[0];
    await sh(first, `${ctr} content label ${blob} containerd.io/gc.root=pullcast`);
    const pruned = await ledger("prune");
    expect(await sh(first, `${ctr} content ls | grep -c gc.root=pullcast || true`)).toBe("0");
    expect(pruned.code, pruned.stderr).toBe(0);
    expect(told(pruned, first)).toContain("alone left");
    expect(await pinnedTags(first)).toEqual(["foreign"]);
    const nothing = await ledger("status");
    expect(nothing.code).toBe(0);
    expect(names.map((node) => told(nothing, node))).toEqual(names.map(() => ["- none"]));
  });
});

describe("an image that is there", () => {
  it("is told to need a registry where the kubelet pulled the same under another name", async () => {
    const below = [randomBytes(1000)];
    const { ref } = await pushApp("pulled", below, "pulled");
    const { ref: other } = await pushApp(`${rig.repository}-other:1`, below, "pulled");
    const pull = {
      ...{ apiVersion: "v1", kind: "Pod", metadata: { name: `trap-${process.pid}` } },
      spec: {
        ...{ nodeName: first, restartPolicy: "Never", terminationGracePeriodSeconds: 0 },
        imagePullSecrets: [{ name: `trap-${process.pid}` }],
        containers: [{ name: "a", image: ref, command: ["/bin/sh", "-c", "exit 0"] }],
      },
    };
    await bed.run([
      ...["create", "secret", "generic", `trap-${process.pid}`],
      ...["--type=kubernetes.io/dockerconfigjson"],
      `--from-file=.dockerconfigjson=${bed.dockerConfig}`,
    ]);
    try {
      await bed.run(["apply", "-f", "-"], JSON.stringify(pull));
      const pod = `pod/trap-${process.pid}`;
      await bed.run(["wait", pod, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s"]);
      // By its own name the kubelet lets in who came with these credentials.
      const own = byNode(await preload(ref, first, second));
      expect(own.get(first)).toMatchObject({ result: "loaded", offline: "with-credentials" });
      expect(own.get(second)).toMatchObject({ result: "loaded", offline: "yes" });
      expect(await rig.neverPod(first, ref)).toBe("ErrImageNeverPull");
      expect(await rig.neverPod(second, ref)).toBe("pulled");
      // Under another name the same image is one that it knows, too.
      const trap = byNode(await preload(other, first, second));
      expect(trap.get(first)).toMatchObject({ result: "loaded", offline: "no" });
      expect(trap.get(first)?.offlineWhy).toContain("under another name");
      expect(trap.get(second)).toMatchObject({ result: "loaded", offline: "yes" });
      expect(await rig.neverPod(first, other)).toBe("ErrImageNeverPull");
      expect(await rig.neverPod(second, other)).toBe("pulled");
    } finally {
      await bed.run(["delete", `pod/trap-${process.pid}`, "--wait=false", "--ignore-not-found"]);
      await bed.run(["delete", `secret/trap-${process.pid}`]);
    }
  });

  it("of the tag latest starts pods that say so", async () => {
    const { ref } = await pushApp("latest", [randomBytes(1000)], "latest");
    expect(byNode(await preload(ref, second)).get(second)).toMatchObject({
      ...{ result: "loaded", offline: "with-policy" },
    });
  });
});

describe("many nodes", () => {
  it("get it wave by wave, and one that fails ends the run before the next", async () => {
    const { ref } = await pushApp("waves", [randomBytes(1000)], "waves");
    const run = await preload(ref, "--waves", "1,100%", "--verify");
    expect(run.code, run.stdout + run.stderr).toBe(0);
    const { items, waves } = reportOf(run);
    expect(waves?.map(({ nodes, failed }) => [nodes, failed])).toEqual([
      [1, 0],
      [names.length - 1, 0],
    ]);
    expect(items.map(({ wave, starts }) => [wave, starts]).sort()).toEqual([
      ...[[1, true], ...names.slice(1).map(() => [2, true])],
    ]);
    const { ref: next } = await pushApp("waves-2", [randomBytes(1000)], "waves");
    const canary = items.find(({ wave }) => wave === 1)?.node ?? "";
    await sh(canary, "mv /usr/bin/ctr /usr/bin/ctr.away");
    try {
      const stopped = reportOf(await preload(next, "--waves", "1,100%"));
      expect(stopped.stopped?.code).toBe("PC140");
      expect(
        stopped.items.map(({ node, result }) => (node === canary ? "canary" : result)),
      ).toEqual(names.map((node) => (node === canary ? "canary" : "not-attempted")));
    } finally {
      await sh(canary, "mv /usr/bin/ctr.away /usr/bin/ctr");
    }
  });

  it("share a limit of bytes a second, and how far they are is told", async () => {
    const { ref } = await pushApp("slow", [randomBytes(900_000)], "slow");
    const events = `${rig.user.home}/events.jsonl`;
    await preload(ref, first, "--dry-run");
    const began = Date.now();
    const run = await preload(ref, first, second, "--bandwidth", "500kB", "--events", events);
    expect(run.code, run.stderr).toBe(0);
    // 1.8 MB at 0.5 MB a second, but for the last piece.
    expect(Date.now() - began).toBeGreaterThan(2500);
    const lines = (await rig.read(events))
      .split("\n")
      .filter((line) => line.includes("bytes-sent"));
    expect(lines.length).toBeGreaterThan(1);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ bytesPerSecond: expect.any(Number) });
  });
});

describe("a watch", () => {
  it("brings a set to nodes that are new, as its tags were meant, and back where it went", async () => {
    const { ref, digest } = await pushApp("base", [randomBytes(1000)], "base");
    const { cluster, ssh } = bed.flags;
    const watch = followWatch(
      rig.user,
      ["watch"],
      [
        ...[...cluster, ...ssh, "--config", bed.dockerConfig, "--ca", bed.registry.ca, "--replace"],
        ...["--resync", "4s", "--preload", ref, "--preload-set", "pool", "--cache", rig.cache],
        ...["--disk-limit", "100%"],
      ],
    );
    const loadedOn = (wanted: string) =>
      watch.next(
        "image-finished",
        ({ item }) => item.node === wanted && item.result === "loaded" && item.digest === digest,
      );
    const forget = (node: string) =>
      sh(node, `${ctr} images rm --sync $(${ctr} images ls | grep ${digest} | cut -d ' ' -f 1)`);
    try {
      for (const node of names) {
        await watch.ever(
          "image-finished",
          ({ item }) => item.node === node && item.result === "loaded",
        );
      }
      expect((await ledger("status", "--set", "pool")).code).toBe(0);
      await forget(first);
      await loadedOn(first);
      await pushApp("base", [randomBytes(1000)], "moved");
      await sh(second, "systemctl stop kubelet");
      await bed.run(["delete", "node", second]);
      await watch.next("node-gone", ({ node }) => node === second);
      await forget(second);
      await sh(second, "systemctl start kubelet");
      await loadedOn(second);
    } finally {
      const ended = await watch.stop();
      expect(ended.code, ended.stderr).toBe(0);
      await bed.run(["wait", "node", second, "--for=condition=Ready", "--timeout=60s"]);
      await rig.user.run(["remove", ...cluster, ...ssh]);
    }
  });
});
