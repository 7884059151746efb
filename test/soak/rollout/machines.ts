import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import Docker from "dockerode";
import { type Bed, runKubectl } from "../../bed/index.ts";

/** What may strike while a run is at work. */
export const FAULTS = ["none", "client", "link", "node", "api-server"] as const;
export type Fault = (typeof FAULTS)[number];

const LIMIT_MS = 60_000;

/** Until a probe says yes; a container tells nothing by itself. */
async function until(what: string, probe: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  while (!(await probe().catch(() => false))) {
    if (Date.now() > end) throw new Error(`${what} did not come about`);
    await delay(50);
  }
}

/** Cuts every SSH session on a node; what they started may go on. */
export async function cutLinks(bed: Bed, node: string): Promise<void> {
  await bed.exec(node, ["sh", "-c", "pkill -KILL -f '^sshd(-session)?: ' || :"]);
}

/** Takes a node's power away, and gives it back. */
export async function killNode(bed: Bed, node: string): Promise<void> {
  const { container: name = "" } = bed.nodes.find((one) => one.name === node) ?? {};
  const container = new Docker().getContainer(name);
  await container.kill();
  await container.start();
}

/** Stops the API server for so long. */
export async function stopApiServer({ control = "" }: Bed, ms: number): Promise<void> {
  const container = new Docker().getContainer(control);
  await container.pause();
  try {
    await delay(ms);
  } finally {
    await container.unpause();
  }
}

/**
 * Makes the way to each node slow, so that an upload takes as long as it does far away and a kill may hit its middle.
 * A container that was restarted has a new interface: asked for again, the slow ones stay as they are.
 */
async function slowLinks(bed: Bed): Promise<void> {
  const interfaces = new Map<string, string>();
  for (const name of await readdir("/sys/class/net")) {
    const index = await readFile(`/sys/class/net/${name}/ifindex`, "utf8").catch(() => "");
    interfaces.set(index.trim(), name);
  }
  for (const { name } of bed.nodes) {
    const { stdout } = await bed.exec(name, ["cat", "/sys/class/net/eth0/iflink"]);
    const device = interfaces.get(stdout.trim());
    if (device === undefined) throw new Error(`${name} has no interface here`);
    execFileSync("tc", [
      ...["qdisc", "replace", "dev", device, "root", "tbf"],
      ...["rate", "6mbit", "burst", "64kbit", "latency", "2s"],
    ]);
  }
}

/** All nodes answer, no program of a run is at work on any, and the API server answers. */
export async function settled(bed: Bed): Promise<void> {
  await until("the API server's answer", async () =>
    (await runKubectl(bed, ["version"])).includes("Server"),
  );
  for (const { name } of bed.nodes) {
    await until(`${name}'s sshd`, async () => {
      const sshd = await bed.exec(name, ["systemctl", "is-active", "ssh"]);
      // A boot that is not over lets only root in, and not for long.
      const booting = await bed.exec(name, ["test", "-e", "/run/nologin"]);
      return sshd.code === 0 && booting.code !== 0;
    });
    await until(`the end of programs on ${name}`, async () => {
      const found = await bed.exec(name, ["sh", "-c", "grep -lsa '[P]ULLCAST1' /proc/*/cmdline"]);
      return found.stdout === "";
    });
  }
  await slowLinks(bed);
}
