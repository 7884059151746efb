import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type {
  CheckReport,
  ImageDescription,
  PreloadItem,
  PushReport,
  VerifyReport,
} from "../../../agent/index.ts";
import { type PushTarget, pushImage, pushIndex } from "../../bed/index.ts";
import { useClusterBed } from "./cluster-bed.ts";
import { preloadRig } from "./preload-rig.ts";

const bed = await useClusterBed();
const rig = await preloadRig(bed, "preload");
const { names, host, repository: REPOSITORY, arch: ARCH, ctr: CTR } = rig;
const { preload, byNode, sh, pushApp, neverPod, target, cache, user } = rig;
const [first = "", second = ""] = names;
const { password } = bed.registry;

const told = ({ node, result, code, sentBytes = 0 }: PreloadItem) =>
  [node, result, code, sentBytes].filter((part) => part !== undefined).join(" ");

const leftOnNodes = async () =>
  (
    await Promise.all(
      names.map((node) => sh(node, `${CTR} content ls | grep -c gc.root=pullcast || true`)),
    )
  ).join(" ");

afterAll(() => rig.close());

describe("preload", () => {
  const layers = [randomBytes(400_000), randomBytes(300_000)];

  it("is tried with a line of containerd on each node", async () => {
    const versions = await Promise.all(names.map((node) => sh(node, "containerd --version")));
    const lines = versions.map((text) => / v?(\d\.\d+)\./.exec(text)?.[1]);
    expect(lines).toEqual(["1.6", "1.7", expect.stringMatching(/^2\./)]);
  });

  it("tells what each node lacks, and sends nothing", async () => {
    const { ref } = await pushApp("1", layers, "one");
    const run = await preload(ref, "--dry-run");
    expect(run.code, run.stderr).toBe(0);
    const { items, dryRun } = rig.reportOf(run);
    expect(dryRun).toBe(true);
    expect(items.map(({ result }) => result)).toEqual(["would-load", "would-load", "would-load"]);
    expect(items.every(({ missingBytes = 0 }) => missingBytes > 700_000)).toBe(true);
    expect(await sh(first, `${CTR} images ls -q | grep -c ${REPOSITORY} || true`)).toBe("0");
  });

  it("brings it to all nodes, each layer read once, pinned, by its tag and its digest", async () => {
    const ref = `${host}/${REPOSITORY}:1`;
    const run = await preload(ref);
    expect(run.code, run.stdout + run.stderr).toBe(0);
    const report = rig.reportOf(run);
    expect(report.items.map(({ result }) => result)).toEqual(["loaded", "loaded", "loaded"]);
    const [item] = report.items;
    const missing = item?.missingBytes ?? 0;
    for (const { sentBytes, way } of report.items)
      expect([sentBytes, way]).toEqual([missing, "tunnel"]);
    // Configuration and manifest were read for the dry run.
    expect(report.fetchedBytes).toBe(missing);
    for (const node of names) {
      const listed = await sh(node, `${CTR} images ls | grep ${REPOSITORY}`);
      const lines = listed.split("\n");
      expect(lines.map((line) => line.split(/\s+/)[0]).sort()).toEqual(
        [ref, `${host}/${REPOSITORY}@${item?.digest}`].sort(),
      );
      for (const line of lines) {
        expect(line).toContain(item?.digest);
        expect(line).toContain("io.cri-containerd.pinned=pinned");
      }
      expect(await sh(node, `${CTR} images check | grep '${REPOSITORY}:1 '`)).toMatch(/ true\s*$/);
    }
    expect(await leftOnNodes()).toBe("0 0 0");
    expect(run.stdout + run.stderr).not.toContain(password);
    const again = await preload(ref);
    expect(rig.reportOf(again)).toMatchObject({ fetchedBytes: 0 });
    expect([...byNode(again).values()].map(told)).toEqual(names.map((node) => `${node} present 0`));
  });

  it("sends of a new tag the layer that is new, and no other", async () => {
    const { ref } = await pushApp("2", layers, "two");
    const items = [...byNode(await preload(ref)).values()];
    expect(items.map(({ result }) => result)).toEqual(["loaded", "loaded", "loaded"]);
    for (const { sentBytes = 0 } of items) expect(sentBytes).toBeLessThan(1000);
  });

  it("lets pods start that may not pull, by tag and by digest, where no registry can be reached", async () => {
    const [registry = "", port = ""] = host.split(":");
    const rule = `OUTPUT -p tcp -d ${registry} --dport ${port} -j REJECT`;
    const digest = byNode(await preload(`${host}/${REPOSITORY}:2`)).get(first)?.digest;
    try {
      for (const node of names) await sh(node, `iptables -I ${rule}`);
      const forms = [`${host}/${REPOSITORY}:2`, `${host}/${REPOSITORY}@${digest}`];
      const pods = names.flatMap((node) => forms.map((image) => neverPod(node, image)));
      expect(await Promise.all(pods)).toEqual(pods.map(() => "two"));
    } finally {
      for (const node of names) await sh(node, `iptables -D ${rule}`);
    }
  });

  it("proves by a pod of each node that it starts, and tells of one that doesn't", async () => {
    const ref = `${host}/${REPOSITORY}:2`;
    const run = await preload(ref, "--verify");
    expect(run.code, run.stdout + run.stderr).toBe(0);
    expect([...byNode(run).values()].map(({ starts }) => starts)).toEqual([true, true, true]);
    const { ref: broken } = await pushImage(target, {
      name: `${REPOSITORY}:no-shell`,
      files: [{ path: "mark", data: "no shell" }],
    });
    // A container that can't run its command has started all the same, as far as its image goes.
    expect(byNode(await preload(broken, first, "--verify")).get(first)).toMatchObject({
      ...{ result: "loaded", starts: true },
    });
    const left = await bed.run(["get", "pods", "-A", "-l", "pullcast.dev/run", "-o", "name"]);
    expect(left.stdout).toBe("");
  });

  it("goes on where a link was cut: of a layer that is there in part, the rest is sent", async () => {
    const { ref } = await pushApp("3", [...layers, randomBytes(900_000)], "three");
    const dry = byNode(await preload(ref, "--dry-run")).get(first);
    await preload(ref, second);
    const known = new Set(await readdir(join(cache, "blobs", "sha256")));
    const sizes = await Promise.all(
      [...known].map(async (name) => {
        const bytes = await readFile(join(cache, "blobs", "sha256", name));
        return { name, bytes };
      }),
    );
    const large = sizes.find(({ bytes }) => bytes.length > 850_000 && bytes.length < 1_000_000);
    const digest = `sha256:${large?.name}`;
    const cut = `head -c 500000 | ${CTR} content ingest --expected-digest ${digest} --expected-size ${large?.bytes.length} pullcast-${digest}`;
    await bed.exec(first, ["sh", "-c", cut], { input: large?.bytes ?? Buffer.alloc(0) });
    const item = byNode(await preload(ref, first)).get(first);
    expect(item).toMatchObject({ result: "loaded" });
    expect(item?.sentBytes).toBe((dry?.missingBytes ?? 0) - 500_000);
    expect(await leftOnNodes()).toBe("0 0 0");
  });

  it("keeps nothing of a layer that was damaged on this machine, and names it", async () => {
    const { ref } = await pushApp("4", [randomBytes(200_000)], "four");
    await preload(ref, second);
    const dir = join(cache, "blobs", "sha256");
    const blobs = await Promise.all(
      (await readdir(dir)).map(async (name) => ({ name, bytes: await readFile(join(dir, name)) })),
    );
    const newest = blobs.find(({ bytes }) => bytes.length > 199_000 && bytes.length < 210_000);
    const bytes = Buffer.from(newest?.bytes ?? "");
    bytes[100_000] = (bytes[100_000] ?? 0) ^ 255;
    await writeFile(join(dir, newest?.name ?? ""), bytes);
    const run = await preload(ref, first);
    expect(byNode(run).get(first)).toMatchObject({ result: "failed", code: "PC746" });
    expect(run.code).toBe(4);
    expect(await sh(first, `${CTR} images ls -q | grep -c '${REPOSITORY}:4' || true`)).toBe("0");
    // What came of it is no beginning of the right one, which the next run sends.
    await rm(join(dir, newest?.name ?? ""));
    expect(byNode(await preload(ref, first)).get(first)).toMatchObject({ result: "loaded" });
    expect(await leftOnNodes()).toBe("0 0 0");
  });

  it("refuses a node whose disk it would fill, and one without ctr; the others go on", async () => {
    const { ref } = await pushApp("5", [randomBytes(100_000)], "five");
    const full = byNode(await preload(ref, first, "--disk-limit", "1%")).get(first);
    expect(full).toMatchObject({ result: "failed", code: "PC714" });
    await sh(first, "mv /usr/bin/ctr /usr/bin/ctr.away");
    try {
      const run = await preload(ref);
      expect(byNode(run).get(first)).toMatchObject({ result: "failed", code: "PC742" });
      expect(byNode(run).get(second)).toMatchObject({ result: "loaded" });
      expect(run.code).toBe(3);
    } finally {
      await sh(first, "mv /usr/bin/ctr.away /usr/bin/ctr");
    }
  });
});

describe("images of several platforms", () => {
  const other = ARCH === "amd64" ? "arm64" : "amd64";

  it("are named as they are missing before anything is sent", async () => {
    const only = await pushImage(target, {
      ...{ name: `${REPOSITORY}:other`, architecture: other },
      files: [{ path: "mark", data: "other" }],
    });
    const { ref } = await pushIndex(target, {
      name: `${REPOSITORY}:other-index`,
      images: [{ ...only, architecture: other }],
    });
    const run = await preload(ref);
    expect(run.code).toBe(4);
    expect([...byNode(run).values()].map(told)).toEqual(
      names.map((node) => `${node} failed PC713 0`),
    );
    const described = await user.run([
      ...["image", ref, ...bed.flags.cluster, "--config", bed.dockerConfig],
      ...["--ca", bed.registry.ca, "--cache", cache, "-o", "json"],
    ]);
    expect(described.code, described.stderr).toBe(5);
    const image = JSON.parse(described.stdout) as ImageDescription;
    expect(image.unserved).toEqual(names);
    expect(image.byName).toEqual([]);
    const checked = await user.run([
      ...["check", "--image", ref, ...bed.flags.cluster, ...bed.flags.ssh, "-o", "json"],
      ...["--config", bed.dockerConfig, "--ca", bed.registry.ca],
    ]);
    const { items } = JSON.parse(checked.stdout) as CheckReport;
    expect(items.find(({ code }) => code === "PC713")).toMatchObject({
      ...{ group: "registry", name: ref, result: "failed" },
      message: expect.stringContaining(`${first}, ${second}`),
    });
  });

  it("are asked for before any test pod", async () => {
    const indexAt = async (where: PushTarget) => {
      const only = await pushImage(where, {
        ...{ name: `${REPOSITORY}:proof`, architecture: other },
        files: [{ path: "mark", data: "proof" }],
      });
      const images = [{ ...only, architecture: other }];
      return (await pushIndex(where, { name: `${REPOSITORY}:proof-index`, images })).ref;
    };
    const { ca } = target;
    const open = await indexAt({ host: bed.registry.publicHost, ca });
    const run = await user.run([
      ...["verify", "--image", open, ...bed.flags.cluster, "--ca", bed.registry.ca, "-o", "json"],
    ]);
    const { items } = JSON.parse(run.stdout) as VerifyReport;
    const unserved = { result: "no-platform", code: "PC702", attempts: 0 };
    expect(items).toMatchObject(names.map((node) => ({ node, ...unserved })));
    // A stranger can't read this one: what is sent does.
    const locked = await indexAt(target);
    const login = [...bed.flags.cluster, ...bed.flags.ssh];
    const pushed = await user.run([
      ...["push", first, ...login, "--config", bed.dockerConfig, "--replace", "-o", "json"],
      ...["--verify-between", "--image", locked, "--ca", bed.registry.ca],
    ]);
    try {
      const { items: ends } = JSON.parse(pushed.stdout) as PushReport;
      expect(ends).toMatchObject([
        { node: first, result: "failed", phase: "verify", code: "PC702" },
      ]);
    } finally {
      await user.run(["restore", first, ...login]);
    }
  });

  it("may stand beside each other by their names, as was the custom", async () => {
    const single = await pushImage(target, {
      ...{ name: `${REPOSITORY}:by-name`, architecture: other },
      files: [{ path: "mark", data: "by name" }],
    });
    const mine = await pushImage(target, {
      name: `${REPOSITORY}-${ARCH}:by-name`,
      files: [{ path: "mark", data: "mine" }],
    });
    const described = await user.run([
      ...["image", single.ref, ...bed.flags.cluster, "--config", bed.dockerConfig],
      ...["--ca", bed.registry.ca, "--cache", cache, "-o", "json"],
    ]);
    const { byName } = JSON.parse(described.stdout) as ImageDescription;
    expect(byName).toMatchObject([
      { image: mine.ref, digest: mine.digest, platform: `linux/${ARCH}`, nodes: names },
    ]);
  });

  it("keep their index's digest, and what is no image in it is passed over", async () => {
    const mine = await pushImage(target, {
      name: `${REPOSITORY}:mine`,
      files: [{ path: "mark", data: "mine" }],
    });
    const attestation = {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: mine.digest,
      size: mine.sizeBytes,
      platform: { os: "unknown", architecture: "unknown" },
      annotations: { "vnd.docker.reference.type": "attestation-manifest" },
    };
    const { ref, digest } = await pushIndex(target, {
      name: `${REPOSITORY}:index`,
      images: [{ ...mine, architecture: ARCH }],
      others: [attestation],
    });
    const run = await preload(ref);
    expect(run.code, run.stdout).toBe(0);
    expect(byNode(run).get(first)).toMatchObject({ result: "loaded", digest });
    expect(await sh(first, `${CTR} images ls | grep '${REPOSITORY}:index '`)).toContain(digest);
  });
});

it("reads nothing from a registry that lets nobody, and sends nothing", async () => {
  const config = join(user.home, "none.json");
  await mkdir(user.home, { recursive: true });
  const auth = Buffer.from("nobody:wrong").toString("base64");
  await writeFile(config, JSON.stringify({ auths: { [host]: { auth } } }), { mode: 0o600 });
  const run = await user.run([
    ...["preload", `${host}/${REPOSITORY}:1`, ...bed.flags.cluster, ...bed.flags.ssh],
    ...["--config", config, "--ca", bed.registry.ca, "--cache", join(user.home, "other")],
    ...["-o", "json"],
  ]);
  expect(JSON.parse(run.stdout)).toMatchObject({ kind: "Error", code: "PC710" });
});
