import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import { composeInstall } from "../../agent/node/compose.ts";
import { Secret } from "../../agent/secret.ts";
import type { Bed } from "../../test/bed/index.ts";

/** One way to bring a file to all nodes. */
export interface Contender {
  readonly name: string;
  /** Prepares a round (not timed) and returns the command to time. */
  readonly prepare: () => Promise<readonly string[]>;
}

/** Whereto, and how many at once. */
export interface Field {
  readonly bed: Bed;
  readonly scratch: string;
  readonly concurrency: number;
}

/** All contenders, pullcast first. Each round brings new content, so that no one has it there already. */
export function contenders(field: Field): Contender[] {
  return [
    { name: "pullcast push", prepare: () => pullcast(field) },
    { name: "pullcast push -o json, with fingerprints", prepare: () => pullcast(field, "json") },
    { name: "bare ssh2, same node script", prepare: () => bareSameScript(field) },
    { name: "bare ssh2, cat + mv", prepare: () => bareCat(field) },
    { name: "xargs -P scp", prepare: () => shellLoop(field, parallelScp) },
    { name: "xargs -P ssh 'cat > tmp && mv'", prepare: () => shellLoop(field, parallelSsh) },
    { name: "serial scp loop", prepare: () => shellLoop(field, serialScp) },
  ];
}

/** A credential file of about 2 KB with 8 entries, never the same. */
export function newConfig(): Uint8Array {
  const auths: Record<string, { auth: string }> = {};
  for (let index = 0; index < 8; index += 1) {
    const auth = Buffer.from(`robot:${randomBytes(120).toString("base64url")}`).toString("base64");
    auths[`registry-${index}.example.com`] = { auth };
  }
  return Buffer.from(`${JSON.stringify({ auths })}\n`);
}

async function newConfigFile({ scratch }: Field): Promise<string> {
  const path = `${scratch}/config.json`;
  await writeFile(path, newConfig(), { mode: 0o600 });
  return path;
}

async function pullcast(field: Field, output = "table"): Promise<string[]> {
  const { ssh, nodes } = field.bed;
  const hosts = `${field.scratch}/hosts`;
  await writeFile(
    hosts,
    nodes.map((node) => `${node.name}=${node.address}:${node.port}\n`).join(""),
  );
  // A state of its own: rounds follow each other within minutes, and each run reads what the last minutes' runs left.
  const state = await mkdtemp(`${field.scratch}/state-`);
  return [
    ...["env", `XDG_STATE_HOME=${state}`, process.execPath, "dist/cli/pullcast.cjs", "push"],
    ...["--config", await newConfigFile(field), "--hosts-from", hosts],
    ...["--ssh-user", ssh.user, "-i", ssh.key, "--known-hosts", ssh.knownHosts],
    ...["--concurrency", String(field.concurrency), "-o", output],
  ];
}

/** The command of a bare ssh2 script that runs the node program of a push. */
export async function bareSameScript(field: Field): Promise<string[]> {
  const bytes = newConfig();
  const program = composeInstall({
    user: field.bed.ssh.user,
    run: "20260101T000000Z-bench0",
    nonce: randomBytes(16).toString("hex"),
    replace: true,
    config: {
      bytes: new Secret(bytes),
      digest: createHash("sha256").update(bytes).digest("hex"),
      sizeBytes: bytes.length,
    },
  });
  return await bareJob(field, program.command, program.input.reveal());
}

function bareCat(field: Field): Promise<string[]> {
  const command =
    "umask 077; cat > /var/lib/kubelet/b.tmp && mv /var/lib/kubelet/b.tmp /var/lib/kubelet/b.json";
  return bareJob(field, command, newConfig());
}

async function bareJob(field: Field, command: string, bytes: Uint8Array): Promise<string[]> {
  const { bed, scratch, concurrency } = field;
  const input = `${scratch}/input`;
  await writeFile(input, bytes, { mode: 0o600 });
  const hosts = bed.nodes.map(({ address, port }) => ({ host: address, port }));
  const { user, key } = bed.ssh;
  const job = `${scratch}/job.json`;
  await writeFile(job, JSON.stringify({ hosts, user, key, concurrency, command, input }));
  // By env, as pullcast's, so that both begin alike.
  return ["env", `XDG_STATE_HOME=${scratch}`, process.execPath, "scripts/bench/bare-ssh2.mjs", job];
}

interface LoopParts {
  readonly hosts: string;
  readonly options: string;
  readonly user: string;
  readonly concurrency: number;
  readonly config: string;
}

/** The shell loops that people write; -q keeps their progress off the terminal. */
async function shellLoop(field: Field, loop: (parts: LoopParts) => string): Promise<string[]> {
  const { ssh, nodes } = field.bed;
  const options = `-q -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=${ssh.knownHosts} -i ${ssh.key}`;
  const config = await newConfigFile(field);
  const hosts = nodes.map(({ address }) => address).join(" ");
  const { user } = ssh;
  return ["bash", "-c", loop({ hosts, options, user, concurrency: field.concurrency, config })];
}

function parallelScp({ hosts, options, user, concurrency, config }: LoopParts): string {
  const target = `${user}@{}:/var/lib/kubelet/scp.json`;
  return `printf '%s\\n' ${hosts} | xargs -P${concurrency} -I{} scp ${options} ${config} ${target}`;
}

function parallelSsh({ hosts, options, user, concurrency, config }: LoopParts): string {
  const remote =
    "cat > /var/lib/kubelet/s.tmp && mv /var/lib/kubelet/s.tmp /var/lib/kubelet/s.json";
  return `printf '%s\\n' ${hosts} | xargs -P${concurrency} -I{} sh -c 'ssh ${options} ${user}@{} "${remote}" < ${config}'`;
}

function serialScp({ hosts, options, user, config }: LoopParts): string {
  return `for host in ${hosts}; do scp ${options} ${config} ${user}@$host:/var/lib/kubelet/serial.json || exit 1; done`;
}
