import { rm } from "node:fs/promises";
import type Docker from "dockerode";
import { afterEach, describe, expect, it } from "vitest";
import { connectDocker, LABEL } from "./docker.ts";
import { type Bed, bedNames, downBed, findBed, type UpOptions, upBed } from "./index.ts";
import { run } from "./progress.ts";
import { stateDir } from "./state.ts";

const docker = connectDocker();
const prefix = `t${process.pid}`;
const foreign: Docker.Container[] = [];
const up = (name: string, more: Partial<UpOptions> = {}) =>
  upBed({ name: `${prefix}-${name}`, nodes: 1, ...more });

afterEach(async () => {
  for (const name of await bedNames()) if (name.startsWith(`${prefix}-`)) await downBed(name);
  for (const container of foreign.splice(0)) await container.remove({ force: true, v: true });
});

/** A container that no bed made, from a bed's image. */
async function foreignContainer(bed: Bed, name: string): Promise<Docker.Container> {
  const { Image } = await docker.getContainer(nodeOf(bed).container).inspect();
  const container = await docker.createContainer({ Image, name, Cmd: ["sleep", "600"] });
  foreign.push(container);
  await container.start();
  return container;
}

function nodeOf(bed: Bed) {
  const [node] = bed.nodes;
  if (node === undefined) throw new Error(`${bed.name} has no node`);
  return node;
}

async function leftOf(name: string): Promise<number> {
  const filters = JSON.stringify({ label: [`${LABEL}=${name}`] });
  const { Volumes } = await docker.listVolumes({ filters });
  const containers = await docker.listContainers({ all: true, filters });
  return containers.length + Volumes.length + (await docker.listNetworks({ filters })).length;
}

const ssh = (bed: Bed, user: string, command: string) =>
  run([
    "ssh",
    ...["-F", "none", "-i", bed.ssh.key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"],
    ...["-o", `UserKnownHostsFile=${bed.ssh.knownHosts}`, "-o", "StrictHostKeyChecking=yes"],
    ...[`${user}@${nodeOf(bed).address}`, command],
  ]);

describe("a bed of hosts", () => {
  it("lets its key in, to machines whose keys are known beforehand, with sudo as promised", async () => {
    const bed = await up("login");
    const { user, sudoUser, plainUser } = bed.ssh;
    expect(await ssh(bed, user, "id -un")).toBe("root\n");
    expect(await ssh(bed, sudoUser, "sudo -n id -un")).toBe("root\n");
    expect(await ssh(bed, plainUser, "sudo -n id -un || id -un")).toBe("guest\n");
    await rm(bed.ssh.knownHosts);
    await expect(ssh(bed, user, "true")).rejects.toThrow("Host key verification failed");
  });

  it("gives each machine the shell that was asked for, a name and a machine ID of its own", async () => {
    const bed = await up("shell", { nodes: 2, shell: "busybox" });
    const told = await Promise.all(
      bed.nodes.map(({ name }) =>
        bed.exec(name, ["sh", "-c", "readlink /bin/sh; hostname; cat /etc/machine-id"]),
      ),
    );
    const lines = told.map(({ stdout }) => stdout.trim().split("\n"));
    expect(lines.map(([shell]) => shell)).toEqual(["busybox", "busybox"]);
    expect(lines.map(([, name]) => name)).toEqual(bed.nodes.map(({ name }) => name));
    expect(lines[0]?.[2]).toMatch(/^[0-9a-f]{32}$/);
    expect(lines[0]?.[2]).not.toBe(lines[1]?.[2]);
  });

  it("hands a command its input, its user and its exit code", async () => {
    const bed = await up("exec");
    const input = Buffer.alloc(300_000, "x");
    const command = ["sh", "-c", "wc -c; id -un >&2; exit 3"];
    const result = await bed.exec(nodeOf(bed).name, command, { user: "guest", input });
    expect(result).toEqual({ code: 3, stdout: "300000\n", stderr: "guest\n" });
  });

  it("leaves nothing when it goes down, and lets a foreign container be", async () => {
    const bed = await up("down", { nodes: 2 });
    const container = await foreignContainer(bed, `${prefix}-foreign`);
    expect(await leftOf(bed.name)).toBe(3);
    await bed.down();
    expect(await leftOf(bed.name)).toBe(0);
    expect(await findBed(bed.name)).toBeUndefined();
    expect(await bedNames()).not.toContain(bed.name);
    expect((await container.inspect()).State.Running).toBe(true);
  });

  it("stands beside another one, and goes without it", async () => {
    const [one, other] = await Promise.all([up("one"), up("other")]);
    expect(nodeOf(one).address).not.toBe(nodeOf(other).address);
    await one.down();
    expect(await ssh(other, "root", "hostname")).toBe(`${nodeOf(other).name}\n`);
  });

  it("removes what it made if it can't come up, but not what was in its way", async () => {
    const container = await foreignContainer(await up("ground"), `pullcast-${prefix}-late-2`);
    await expect(up("late", { nodes: 2 })).rejects.toThrow(/already in use/);
    expect(await leftOf(`${prefix}-late`)).toBe(0);
    expect(await findBed(`${prefix}-late`)).toBeUndefined();
    expect((await container.inspect()).State.Running).toBe(true);
  });

  it("refuses a name that is taken, and leaves its owner alone", async () => {
    const bed = await up("taken");
    await expect(up("taken")).rejects.toThrow(`bed -- down --name ${bed.name}`);
    expect(await ssh(bed, "root", "true")).toBe("");
  });

  it.each(["", "A", "-a", "a_b", "../a", "a".repeat(25)])("refuses the name %j", async (name) => {
    await expect(upBed({ name, nodes: 1 })).rejects.toThrow("can't be named");
  });

  it.each([0, 51, 1.5, Number.NaN])("refuses %d nodes", async (nodes) => {
    await expect(up("count", { nodes })).rejects.toThrow("1 to 50 nodes");
  });

  it("keeps its secrets to its user", async () => {
    const bed = await up("modes");
    const list = await run(["find", stateDir(bed.name), "-perm", "/077"]);
    expect(list).toBe("");
  });
});
