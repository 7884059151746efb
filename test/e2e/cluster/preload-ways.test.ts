import { randomBytes } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { cutSessions } from "../cut-sessions.ts";
import { useClusterBed } from "./cluster-bed.ts";
import { preloadRig } from "./preload-rig.ts";

const bed = await useClusterBed();
const rig = await preloadRig(bed, "ways");
const { names, ctr, sh, preload, pushApp, byNode, reportOf } = rig;
const [first = "", second = ""] = names;
afterAll(() => rig.close());

const CONTENT = "/var/lib/containerd/io.containerd.content.v1.content";
/** Marks of layers, directories with a token, unfinished layers. */
const left = (node: string) =>
  sh(
    node,
    `echo $(${ctr} content ls | grep -c gc.root=pullcast) $(ls /run | grep -c ^pullcast) $(ls -A ${CONTENT}/ingest | wc -l)`,
  );
const restartSshd = (node: string) => sh(node, "systemctl restart ssh");

describe("a registry through the SSH connection", () => {
  const below = [randomBytes(400_000), randomBytes(300_000)];

  it("gives each node what it lacks, and leaves nothing there", async () => {
    const { ref } = await pushApp("1", below, "one");
    const run = await preload(ref, "--way", "tunnel");
    expect(run.code, run.stdout + run.stderr).toBe(0);
    for (const { way, sentBytes, missingBytes } of reportOf(run).items)
      expect([way, sentBytes]).toEqual(["tunnel", missingBytes]);
    expect(await Promise.all(names.map(left))).toEqual(names.map(() => "0 0 0"));
    const { ref: next } = await pushApp("2", below, "two");
    for (const { result, sentBytes = 0 } of reportOf(await preload(next, "--way", "tunnel"))
      .items) {
      expect(result).toBe("loaded");
      expect(sentBytes).toBeLessThan(1000);
    }
    const forms = [next, next.replace(/:2$/, `@${byNode(await preload(next)).get(first)?.digest}`)];
    const started = await Promise.all(forms.map((image) => rig.neverPod(first, image)));
    expect(started).toEqual(["two", "two"]);
  });

  it("is passed over by a node that forwards no port", async () => {
    const { ref } = await pushApp("3", below, "three");
    await sh(first, "sed -i '1i AllowTcpForwarding no' /etc/ssh/sshd_config");
    try {
      await restartSshd(first);
      const items = byNode(await preload(ref, first, second, "--way", "tunnel"));
      expect(items.get(first)).toMatchObject({ result: "loaded", way: "ingest" });
      expect(items.get(second)).toMatchObject({ result: "loaded", way: "tunnel" });
    } finally {
      await sh(first, "sed -i 1d /etc/ssh/sshd_config");
      await restartSshd(first);
    }
  });
});

describe("a link that is cut", () => {
  it("is tried again by what goes on within a layer", async () => {
    const { ref } = await pushApp("cut", [randomBytes(8_000_000)], "cut");
    const running = preload(ref, first, "--node-bandwidth", "3MB");
    const cut = await cutSessions(bed, first, { afterBytes: 4_000_000, looks: 1500 });
    expect(cut).toBeGreaterThan(0);
    expect(byNode(await running).get(first)).toMatchObject({ result: "loaded", way: "ingest" });
    expect(await left(first)).toBe("0 0 0");
  });
});

describe("a pull of the kubelet's own", () => {
  it("moves no byte from here where the node has credentials; others get it over SSH", async () => {
    const { ref } = await pushApp("pulled", [randomBytes(200_000)], "pulled");
    const ssh = [...bed.flags.cluster, ...bed.flags.ssh];
    const push = await rig.user.run([
      ...["push", first, ...ssh, "--config", bed.dockerConfig, "--restart-kubelet", "--replace"],
    ]);
    expect(push.code, push.stderr).toBe(0);
    try {
      const run = await preload(ref, first, second, "--way", "pull");
      expect(run.code, run.stdout + run.stderr).toBe(0);
      const items = byNode(run);
      expect(items.get(first)).toMatchObject({ result: "loaded", way: "pull", offline: "yes" });
      expect(items.get(first)?.sentBytes).toBeUndefined();
      expect(items.get(second)).toMatchObject({ result: "loaded", way: "tunnel" });
      expect(await rig.neverPod(first, ref)).toBe("pulled");
    } finally {
      await rig.user.run(["restore", first, ...ssh, "--restart-kubelet"]);
    }
  });
});

it("reads each blob of ten images once, however many nodes want them", async () => {
  const log = "/var/log/bed/registry-private.log";
  const shared = [randomBytes(300_000)];
  const refs: string[] = [];
  for (let index = 0; index < 10; index += 1) {
    const { ref } = await pushApp(
      `ten-${index}`,
      [...shared, randomBytes(20_000)],
      `mark ${index}`,
    );
    refs.push(ref);
  }
  const exec = async (script: string) =>
    (await bed.exec("control", ["sh", "-c", script])).stdout.trim();
  const begin = await exec(`wc -l <${log}`);
  const run = await preload(...refs);
  expect(run.code, run.stdout + run.stderr).toBe(0);
  expect(reportOf(run).items.filter(({ result }) => result === "loaded")).toHaveLength(
    refs.length * names.length,
  );
  const lines = await exec(
    `tail -n +$((${begin} + 1)) ${log} | grep -o '"GET [^ ]*/blobs/[^ ]* HTTP/1.1" 200' | sort | uniq -c`,
  );
  const counts = lines.split("\n").map((line) => Number(line.trim().split(" ")[0]));
  // A configuration and three layers of its own for each, and two that they share.
  expect(counts.length).toBeGreaterThanOrEqual(20);
  expect(new Set(counts)).toEqual(new Set([1]));
});

it("names a node whose disk is full in the middle of it, and leaves nothing half done", async () => {
  const { ref } = await pushApp("full", [randomBytes(900_000)], "full");
  // All that is there, on a file system with room for half of the layer.
  await sh(
    first,
    `mkdir /tmp/small && mount -t tmpfs -o size=$(($(du -sk ${CONTENT} | cut -f 1) + 500))k tmpfs /tmp/small &&
     cp -a ${CONTENT}/. /tmp/small && mount --bind /tmp/small ${CONTENT}`,
  );
  try {
    const run = await preload(ref, first, second);
    expect(byNode(run).get(first)).toMatchObject({ result: "failed", code: "PC307" });
    expect(byNode(run).get(second)).toMatchObject({ result: "loaded" });
    expect(run.code).toBe(3);
    expect(await sh(first, `${ctr} images ls -q | grep -c '${rig.repository}:full' || true`)).toBe(
      "0",
    );
  } finally {
    const back = `cp -a /tmp/small/. ${CONTENT} && umount /tmp/small && rmdir /tmp/small`;
    await sh(first, `umount ${CONTENT} && ${back}`);
  }
  expect(byNode(await preload(ref, first)).get(first)).toMatchObject({ result: "loaded" });
  expect(await left(first)).toBe("0 0 0");
});
