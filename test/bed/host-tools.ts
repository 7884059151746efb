import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { access, mkdir, open } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type Docker from "dockerode";
import { BedError, type Progress } from "./model.ts";
import { run } from "./progress.ts";
import { stateRoot, withLock } from "./state.ts";

/** Debian's packages by the program they bring. */
const PACKAGES = {
  debootstrap: "debootstrap",
  dockerd: "docker.io",
  openssl: "openssl",
  prometheus: "prometheus",
  promtool: "prometheus",
  shellcheck: "shellcheck",
  ssh: "openssh-client",
  sshd: "openssh-server",
  strace: "strace",
  sudo: "sudo",
  time: "time",
  tmux: "tmux",
  // The package busybox has no static binary and conflicts with busybox-static.
  busybox: "busybox-static",
} as const;

/** A program of this machine that the bed or a test may need. */
export type HostTool = keyof typeof PACKAGES;

const START_LIMIT_MS = 30_000;

/**
 * Sees to it that programs are installed. As root on Debian it installs what is missing, and says so;
 * else it throws BedError with the command that would.
 */
export async function ensureHostTools(tools: readonly HostTool[], report: Progress): Promise<void> {
  const missing = await absent(tools);
  if (missing.length === 0) return;
  const command = `apt-get install ${missing.map((tool) => PACKAGES[tool]).join(" ")}`;
  if (!(await mayInstall())) {
    throw new BedError(
      `${missing.join(", ")} not found: install it (on Debian, as root: ${command})`,
    );
  }
  await withLock("apt", async () => {
    const still = await absent(missing);
    if (still.length === 0) return;
    const packages = [...new Set(still.map((tool) => PACKAGES[tool]))];
    report(`installing what is missing: apt-get install ${packages.join(" ")}`);
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await run(["apt-get", "-qq", "update"], { env });
    await run(["apt-get", "-qq", "install", "-y", "--no-install-recommends", ...packages], { env });
  });
}

/** Sees to it that a docker daemon answers: as root on Debian it installs and starts one if needed. */
export async function ensureDocker(docker: Docker, report: Progress): Promise<void> {
  if (await answers(docker)) return;
  if (process.env["DOCKER_HOST"]) {
    throw new BedError(`no docker daemon answers at DOCKER_HOST=${process.env["DOCKER_HOST"]}`);
  }
  if (process.getuid?.() !== 0) {
    throw new BedError(
      "no docker daemon answers: install docker.io, start it, and let this user use it (usermod -aG docker USER)",
    );
  }
  await ensureHostTools(["dockerd"], report);
  await withLock("dockerd", async () => {
    if (!(await answers(docker))) await startDockerd(docker, report);
  });
}

/** Starts a daemon that outlives this process; its log is in the state directory. */
async function startDockerd(docker: Docker, report: Progress): Promise<void> {
  await mkdir(stateRoot(), { recursive: true, mode: 0o700 });
  const path = join(stateRoot(), "dockerd.log");
  report(`no docker daemon runs: starting dockerd (log: ${path})`);
  const log = await open(path, "a", 0o600);
  const child = spawn("dockerd", [], { detached: true, stdio: ["ignore", log.fd, log.fd] });
  try {
    await once(child, "spawn");
    child.unref();
    const deadline = Date.now() + START_LIMIT_MS;
    while (!(await answers(docker))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new BedError(`dockerd did not start: see ${path}`);
      }
      await delay(200);
    }
  } finally {
    await log.close();
  }
}

/** True if apt-get may be run without asking: root on Debian. */
async function mayInstall(): Promise<boolean> {
  return process.getuid?.() === 0 && (await exists("/etc/debian_version"));
}

async function answers(docker: Docker): Promise<boolean> {
  return await docker.ping().then(
    () => true,
    () => false,
  );
}

async function absent(tools: readonly HostTool[]): Promise<HostTool[]> {
  const found = await Promise.all(tools.map((tool) => findProgram(tool)));
  return tools.filter((_, index) => found[index] === undefined);
}

/** The path of a program, looked for in `path` or else on PATH and where system programs live. */
export async function findProgram(name: string, path?: string): Promise<string | undefined> {
  const dirs = path ?? `${process.env["PATH"] ?? ""}${delimiter}/usr/sbin${delimiter}/sbin`;
  for (const dir of dirs.split(delimiter)) {
    if (dir !== "" && (await exists(join(dir, name)))) return join(dir, name);
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
