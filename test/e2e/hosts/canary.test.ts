import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bed, upBed } from "../../bed/index.ts";
import { startProcSampler } from "../../rig/proc-sampler.ts";
import { type CliRun, type CliUser, newCliUser } from "../cli.ts";
import { KUBELET_CONFIG, writeNodeFile } from "../node-file.ts";

const password = `canary-${randomBytes(12).toString("hex")}`;
const login = Buffer.from(`robot:${password}`).toString("base64");
/** The secret as it is and in the forms it takes on its way. */
const canaries = [
  password,
  login,
  login.replace(/=+$/, ""),
  Buffer.from(password).toString("base64").replace(/=+$/, ""),
];

let bed: Bed;
let user: CliUser;
beforeAll(async () => {
  bed = await upBed({ name: `canary-${process.pid}`, nodes: 2 });
  user = await newCliUser({ PULLCAST_TEST: "canary" });
});
afterAll(async () => {
  await user?.remove();
  await bed?.down();
});

const source = async (name: string, text: string) => {
  const path = join(user.home, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
};
const hosts = () => bed.nodes.map(({ name, address }) => `${name}=${address}`).join(",");
const common = () => ["-i", bed.ssh.key, "--known-hosts", bed.ssh.knownHosts, "--hosts", hosts()];

/** All that users do with a secret in hand, well or badly. */
async function allRuns(): Promise<CliRun[]> {
  const good = await source("good.json", JSON.stringify({ auths: { "reg.io": { auth: login } } }));
  const plain = await source(
    "plain.json",
    JSON.stringify({ auths: { "reg.io": { username: "robot", password } } }),
  );
  const push = (config: string, ...more: string[]) =>
    user.run(["push", "--config", config, ...common(), ...more]);
  const runs = [
    await push(good, "-v"),
    await push(good, "-o", "json"),
    await push(plain, "--restart-kubelet", "--kubelet-restart-command", `echo ${password.length}`),
    await user.run(["restore", ...common(), "-v"]),
    await push(good, "--ssh-user", bed.ssh.sudoUser, "-o", "yaml"),
    await user.run(["restore", ...common(), "-o", "wide"]),
    // Sources that can't be used are named by place, never by content.
    await push(await source("cut.json", `{"auths":{"reg.io":{"auth":"${login}"`)),
    await push(await source("bare.json", `${login}\n`)),
    await push(await source("bad-auth.json", `{"auths":{"r":{"auth":"${login}!"}}}`)),
    await push(
      await source(
        "in-key.json",
        `{"auths":{"https://robot:${password}@reg.io":{"auth":"${login}"}}}`,
      ),
    ),
    await user.run(
      ["push", "--config", "-", ...common()],
      JSON.stringify({ auths: { a: { auth: login } } }),
    ),
    // Nodes that refuse.
    await push(good, "--ssh-user", bed.ssh.plainUser, "-v"),
    await push(good, "--path", "/no/such"),
    await foreign(() => push(good, "-v")),
    await foreign(() => push(good, "--replace")),
  ];
  const { child, ended } = user.start(["push", "--config", good, ...common()]);
  await delay(150);
  child.kill("SIGKILL");
  return [...runs, await ended];
}

async function foreign(run: () => Promise<CliRun>): Promise<CliRun> {
  const node = bed.nodes[0]?.name ?? "";
  const content = `{"auths":{"other.io":{"auth":"${login}"}}}`;
  await bed.exec(node, ["rm", "-rf", KUBELET_CONFIG, "/var/lib/kubelet/.pullcast"]);
  await writeNodeFile(bed, { node, path: KUBELET_CONFIG, content });
  return await run();
}

describe("a secret", () => {
  it("never shows in a process, an output or a file that is not its own", async () => {
    const sampler = await startProcSampler(canaries);
    const runs = await allRuns();
    const { rounds, hits } = await sampler.stop();
    expect(hits).toEqual([]);
    expect(rounds).toBeGreaterThan(50);
    for (const { stdout, stderr } of runs) {
      for (const canary of canaries) expect(stdout + stderr).not.toContain(canary);
    }
    // The runs did what they should, else this proves little.
    expect(runs.slice(0, 6).map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await holders()).toEqual(["config.json", "kept-"]);
    expect(await leftHere()).toEqual([]);
  });

  it("would be seen, if it did", async () => {
    const sampler = await startProcSampler(canaries);
    const script = await source("leak.sh", "#!/bin/sh\nsleep 0.3\n");
    await chmod(script, 0o700);
    await promisify(execFile)(script, [password]);
    const { hits } = await sampler.stop();
    expect(hits.join()).toContain("leak.sh");
  });
});

/** Kinds of files on the nodes that hold the secret: log files, temporary files and all. */
async function holders(): Promise<string[]> {
  const kinds = new Set<string>();
  for (const { name } of bed.nodes) {
    // The words stand in no argument there either.
    const find = "grep -rlFf /dev/stdin --exclude-dir=proc --exclude-dir=sys / 2>/dev/null || true";
    const { stdout } = await bed.exec(name, ["sh", "-c", find], {
      input: Buffer.from(canaries.join("\n")),
    });
    for (const path of stdout.split("\n").filter((line) => line !== "")) {
      const file = path.slice(path.lastIndexOf("/") + 1);
      kinds.add(file.startsWith("kept-") ? "kept-" : file);
    }
  }
  return [...kinds].sort();
}

/** Files of the user that hold the secret, besides those that the test wrote. */
async function leftHere(): Promise<string[]> {
  const grep = promisify(execFile)("grep", ["-rlF", password, user.home]).catch(
    ({ stdout }: { stdout: string }) => ({ stdout }),
  );
  const { stdout } = await grep;
  return stdout.split("\n").filter((path) => path !== "" && !/\/[a-z-]+\.json$/.test(path));
}
