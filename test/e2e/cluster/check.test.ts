import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProcSampler } from "../../rig/proc-sampler.ts";
import { type CliRun, type CliUser, checkLines, newCliUser, shortLine } from "../cli.ts";
import { KUBELET_CONFIG, writeNodeFile } from "../node-file.ts";
import { useClusterBed } from "./cluster-bed.ts";

const bed = await useClusterBed();
const names = bed.nodes.map(({ name }) => name);

let user: CliUser;
beforeAll(async () => {
  user = await newCliUser();
});
afterAll(() => user.remove());

const { cluster, ssh: login } = bed.flags;
const check = (...more: string[]) =>
  user.run(["check", ...cluster, ...login, "--ca", bed.registry.ca, "-o", "json", ...more]);

const of = (run: CliRun, group: string) => checkLines(run).filter((line) => line.group === group);

const image = bed.registry.images.find((one) => !one.public)?.ref ?? "";
const source = async (name: string, auths: object) => {
  const path = join(user.home, name);
  await writeFile(path, JSON.stringify({ auths }), { mode: 0o600 });
  return path;
};
const entry = (text: string) => ({ auth: Buffer.from(text).toString("base64") });

/** Nodes as they came up: what other files of tests left is gone. */
const cleanNodes = () =>
  Promise.all(
    names.map((name) =>
      bed.exec(name, ["rm", "-rf", KUBELET_CONFIG, "/var/lib/kubelet/.pullcast"]),
    ),
  );

describe("check on a real cluster", () => {
  beforeAll(cleanNodes);
  afterAll(cleanNodes);

  it("finds all well before a push, in every group, and changes nothing", async () => {
    const run = await check("--config", bed.dockerConfig, "--image", image);
    expect(run.code, run.stderr).toBe(0);
    expect(checkLines(run).filter(({ result }) => result === "failed")).toEqual([]);
    expect(of(run, "kubectl").map(shortLine)).toEqual(["context ok PC000", "API server ok PC000"]);
    expect(of(run, "rbac").every(({ result }) => result === "ok")).toBe(true);
    expect(of(run, "rbac").map(({ name }) => name)).toContain("create pods");
    expect(of(run, "nodes").map(shortLine)).toEqual(names.map((name) => `${name} ok PC000`));
    expect(of(run, "ssh").map(shortLine)).toEqual(names.map((name) => `${name} ok PC000`));
    expect(of(run, "ssh")[0]?.message).toBe(`push would write ${KUBELET_CONFIG}, proven`);
    expect(of(run, "registry").map(shortLine)).toEqual([
      `${bed.registry.host} ok PC000`,
      `${image} ok PC000`,
    ]);
    for (const name of names) {
      const { stdout } = await bed.exec(name, ["ls", "-A", "/var/lib/kubelet"]);
      expect(stdout).not.toMatch(/config\.json|\.pullcast/);
    }
  });

  it("says of a node what a push would say: a file of others, and --replace", async () => {
    const [first = ""] = names;
    await writeNodeFile(bed, { node: first, path: KUBELET_CONFIG, content: '{"auths":{}}' });
    const run = await check("--config", bed.dockerConfig);
    expect(of(run, "ssh").map(shortLine)).toContain(`${first} failed PC301`);
    expect(run.code).toBe(3);
    const replace = await check("--config", bed.dockerConfig, "--replace");
    expect(replace.code, replace.stderr).toBe(0);
    await cleanNodes();
  });

  it("tells wrong passwords, missing images and hosts that are no registries apart, and exits 5", async () => {
    const { host, user: robot, password } = bed.registry;
    const gone = `${host.replace(/:\d+$/, "")}:1`;
    const config = await source("mixed.json", {
      [host]: entry(`${robot}:wrong`),
      [`${host}/other`]: entry(`${robot}:${password}`),
      [gone]: entry("a:b"),
    });
    const run = await check("--config", config);
    expect(of(run, "registry").map(shortLine).sort()).toEqual(
      [`${host} failed PC430`, `${host}/other ok PC000`, `${gone} warning PC432`].sort(),
    );
    expect(run.code).toBe(5);
    const missing = await check("--config", bed.dockerConfig, "--image", `${host}/no/such:1`);
    expect(of(missing, "registry").map(shortLine)).toContain(`${host}/no/such:1 failed PC404`);
    const untrusted = await user.run([
      ...["check", ...cluster, ...login, "--config", bed.dockerConfig, "-o", "json"],
    ]);
    expect(of(untrusted, "registry").map(shortLine)).toEqual([`${host} warning PC432`]);
    expect(of(untrusted, "registry")[0]?.message).toMatch(/certificate/);
  });

  it("asks the API server what this user may do, by what kubectl is told", async () => {
    const sa = "system:serviceaccount:default:default";
    const run = await check("--config", bed.dockerConfig, "--as", sa, "--image", image);
    expect(
      of(run, "rbac")
        .filter(({ result }) => result === "failed")
        .map(shortLine),
    ).toContain("list nodes failed PC130");
    expect(of(run, "nodes").map(shortLine)).toEqual(["selection failed PC104"]);
    // One bad thing hides no other.
    expect(of(run, "registry").map(shortLine)).toContain(`${image} ok PC000`);
    expect(run.code).toBe(1);
  });

  it("runs all groups although no kubectl, no source and no node is right", async () => {
    const run = await user.run([
      ...["check", "--kubectl", "/none", ...login, "--config", join(user.home, "none")],
      ...["-o", "json"],
    ]);
    expect(of(run, "kubectl").map(shortLine)).toEqual(["context failed PC101"]);
    expect(of(run, "source").map(({ result }) => result)).toEqual(["failed"]);
    expect(new Set(checkLines(run).map(({ group }) => group))).toEqual(
      new Set(["kubectl", "rbac", "nodes", "ssh", "source", "registry"]),
    );
    expect(run.code).toBe(6);
  });

  it("needs four kubectl processes at most, however many nodes there are", async () => {
    const log = join(user.home, "kubectl.log");
    const wrapper = join(user.home, "kubectl");
    await writeFile(wrapper, `#!/bin/sh\necho "$1" >>${log}\nexec ${bed.kubectl} "$@"\n`, {
      mode: 0o755,
    });
    const run = await user.run([
      ...["check", "--kubeconfig", bed.kubeconfig, "--kubectl", wrapper, ...login],
      ...["--ca", bed.registry.ca, "--config", bed.dockerConfig],
    ]);
    expect(run.code, run.stderr).toBe(0);
    const started = (await readFile(log, "utf8")).trim().split("\n");
    expect(started.length).toBeLessThanOrEqual(4);
    // As people see it: equal lines are one.
    expect(run.stdout).toMatch(/^ssh +ok +- +\S+\[\S+\] +push would write/m);
  });

  it("shows no secret in any output or process", async () => {
    const password = `canary-${randomBytes(12).toString("hex")}`;
    const text = `${bed.registry.user}:${password}`;
    const base64 = Buffer.from(text).toString("base64");
    const canaries = [password, base64, base64.replace(/=+$/, "")];
    const config = await source("canary.json", { [bed.registry.host]: entry(text) });
    const sampler = await startProcSampler(canaries);
    const runs = [
      await check("--config", config, "--image", image),
      await user.run([
        ...["check", ...cluster, ...login, "--ca", bed.registry.ca],
        ...["--config", config, "-o", "yaml", "-v"],
      ]),
      await user.run([
        ...["check", ...cluster, ...login, "--ca", bed.registry.ca],
        ...["--config", config, "-o", "wide"],
      ]),
      await user.run(["check", ...cluster, ...login, "--config", config]),
    ];
    const { hits, rounds } = await sampler.stop();
    expect(hits).toEqual([]);
    expect(rounds).toBeGreaterThan(10);
    for (const { code, stdout, stderr } of runs.slice(0, 3)) {
      expect(code).toBe(5);
      for (const canary of canaries) expect(stdout + stderr).not.toContain(canary);
    }
    for (const canary of canaries) expect(JSON.stringify(runs)).not.toContain(canary);
  });

  it("compares what a pool's newest node got at its boot with what a push would send", async () => {
    const [first = "", second = ""] = names;
    const pool = (node: string, value: string) =>
      bed.run(["label", "node", node, `karpenter.sh/nodepool${value}`, "--overwrite"]);
    await pool(first, "=fresh");
    await pool(second, "=by-hand");
    try {
      const script = await user.run(["render", "script", "--config", bed.dockerConfig]);
      await bed.exec(first, ["sh"], { input: Buffer.from(script.stdout) });
      await writeNodeFile(bed, { node: second, path: KUBELET_CONFIG, content: '{"auths":{}}' });
      const told = (run: CliRun) => of(run, "templates").map(shortLine);
      const templates = (...more: string[]) => check("--templates", "--replace", ...more);
      const run = await templates("--config", bed.dockerConfig);
      expect(told(run)).toEqual(["by-hand warning PC188", "fresh ok PC000", "nodes failed PC188"]);
      expect(run.code, run.stderr).toBe(5);
      // A push comes after the boot: what the template is like shows all the same.
      const { auths } = JSON.parse(await readFile(bed.dockerConfig, "utf8")) as { auths: object };
      const config = await source("newer.json", { ...auths, "new.example": entry("a:b") });
      const pushed = await user.run(["push", ...cluster, ...login, "--config", config, first]);
      expect(pushed.code, pushed.stderr).toBe(0);
      const later = of(await templates("--config", config), "templates");
      expect(later.map(shortLine)).toContain("fresh failed PC189");
      expect(later.find(({ name }) => name === "fresh")?.message).toContain("new.example");
    } finally {
      await pool(first, "-");
      await pool(second, "-");
      await cleanNodes();
    }
  });
});
