import { networkInterfaces } from "node:os";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { finished } from "node:stream/promises";
import Docker from "dockerode";
import { BedError, type ExecOptions } from "./model.ts";

/** On every container, volume and network of a bed; its value is the bed's name. */
export const LABEL = "pullcast.bed";

/** The daemon of `$DOCKER_HOST`, or of the usual socket. */
export function connectDocker(): Docker {
  return new Docker();
}

/** Output of a command in a container. */
export interface RawExecResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Runs a command in a container and waits for its end. */
export async function execIn(
  container: Docker.Container,
  command: readonly string[],
  options: ExecOptions = {},
): Promise<RawExecResult> {
  const input = options.input;
  const exec = await container.exec({
    Cmd: [...command],
    AttachStdin: input !== undefined,
    AttachStdout: true,
    AttachStderr: true,
    User: options.user ?? "root",
  });
  const stream = await exec.start({ hijack: true, stdin: input !== undefined });
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  container.modem.demuxStream(stream, stdout, stderr);
  const ended = finished(stream, { writable: false }).finally(() => {
    stdout.end();
    stderr.end();
  });
  if (input !== undefined) stream.end(input);
  const [out, err] = await Promise.all([buffer(stdout), buffer(stderr), ended]);
  const { ExitCode } = await exec.inspect();
  return { code: ExitCode ?? -1, stdout: out, stderr: err };
}

/** The same, but throws BedError unless it exits 0. */
export async function mustExec(
  container: Docker.Container,
  command: readonly string[],
  options: ExecOptions = {},
): Promise<Buffer> {
  const { code, stdout, stderr } = await execIn(container, command, options);
  if (code === 0) return stdout;
  throw new BedError(`${command[0]} failed in ${container.id}, exit ${code}: ${stderr.toString()}`);
}

/** A bridge network with a /24 of its own. */
export interface BedNetwork {
  readonly name: string;
  /** The first three bytes, for instance `10.213.7`. */
  readonly prefix: string;
}

/** Makes the network of a bed in the first free /24 of 10.213.0.0/16. */
export async function createNetwork(docker: Docker, bed: string): Promise<BedNetwork> {
  const name = `pullcast-${bed}`;
  const start = Math.floor(Math.random() * 256);
  for (let step = 0; step < 256; step++) {
    const prefix = `10.213.${(start + step) % 256}`;
    if (usedByMachine(prefix)) continue;
    try {
      await docker.createNetwork({
        Name: name,
        CheckDuplicate: true,
        Driver: "bridge",
        IPAM: { Driver: "default", Config: [{ Subnet: `${prefix}.0/24` }] },
        Labels: { [LABEL]: bed },
      });
      return { name, prefix };
    } catch (error) {
      // Another bed has this subnet: docker says "Pool overlaps with other one on this address space".
      if (!/overlap/i.test(String(error))) throw error;
    }
  }
  throw new BedError("no free subnet in 10.213.0.0/16: npm run bed -- status, then down");
}

function usedByMachine(prefix: string): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address.startsWith(`${prefix}.`)),
  );
}

/** Reads the progress of a pull, build or import to its end; gives its text, throws BedError if it failed. */
export async function follow(docker: Docker, stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  let failure: string | undefined;
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(
      stream,
      (error) => (error ? reject(error) : resolve()),
      (event: { stream?: string; error?: string }) => {
        text += event.stream ?? "";
        // docker answers 200 first and tells of a failure in the stream.
        failure ??= event.error;
      },
    );
  });
  if (failure !== undefined) throw new BedError(`${text.slice(-2000)}${failure}`);
  return text;
}

/** Names of all beds that have anything in docker. */
export async function labelledBeds(docker: Docker): Promise<string[]> {
  const filters = JSON.stringify({ label: [LABEL] });
  const containers = await docker.listContainers({ all: true, filters });
  const networks = await docker.listNetworks({ filters });
  const { Volumes } = await docker.listVolumes({ filters });
  const all = [...containers, ...networks, ...(Volumes ?? [])];
  return [...new Set(all.map((item) => item.Labels?.[LABEL] ?? "").filter((name) => name !== ""))];
}

/** Removes all containers, volumes and networks that carry the bed's label, and nothing else. */
export async function removeLabelled(docker: Docker, bed: string): Promise<void> {
  const filters = JSON.stringify({ label: [`${LABEL}=${bed}`] });
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(
    containers.map(({ Id }) =>
      ignoreGone(docker.getContainer(Id).remove({ force: true, v: true })),
    ),
  );
  const { Volumes } = await docker.listVolumes({ filters });
  await Promise.all(
    (Volumes ?? []).map(({ Name }) => ignoreGone(docker.getVolume(Name).remove({ force: true }))),
  );
  const networks = await docker.listNetworks({ filters });
  await Promise.all(networks.map(({ Id }) => ignoreGone(docker.getNetwork(Id).remove())));
}

async function ignoreGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    // 404: gone. 409: another `down` is removing it right now.
    if (statusCode !== 404 && statusCode !== 409) throw error;
  }
}
