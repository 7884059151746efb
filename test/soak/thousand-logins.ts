import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bareSameScript, newConfig } from "../../scripts/bench/contenders.ts";
import { type Cost, measure } from "../../scripts/bench/measure.ts";
import { type Bed, type BedNode, ensureHostTools, upBed } from "../bed/index.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

const HOSTS = 50;

/** By default, as pullcast's. */
const CONCURRENCY = 32;

/**
 * Pushes to `points` aliases of 50 hosts in one run: first each alias with a `Host` line of its own, so that ssh is asked
 * about each, then with a pattern for each host, then to as many names without a configuration. As many logins by a bare
 * ssh2 script with the same node program stand beside the last two. The built program is measured: `npm run build` first.
 */
export async function thousandLogins({ points, onProgress }: SoakOptions): Promise<Evidence> {
  await ensureHostTools(["time", "ssh"], (line) => onProgress?.(line));
  const scratch = await mkdtemp(join(tmpdir(), "pullcast-logins-"));
  const bed = await upBed({ name: `logins-${process.pid}`, nodes: HOSTS });
  try {
    const aliases = await writeAliases(bed, { scratch, count: points });
    const runs: Record<string, unknown> = {};
    const note = (name: string, run: unknown) => {
      runs[name] = run;
      onProgress?.(`${name}: ${JSON.stringify(run)}`);
    };
    for (const [name, output] of [
      ["new file", "table"],
      ["unchanged", "table"],
      ["unchanged, with 8 fingerprints", "json"],
    ] as const) {
      if (name === "new file") {
        await writeFile(join(scratch, "config.json"), newConfig(), { mode: 0o600 });
      }
      const cost = await measure(pushCommand(bed, scratch, output), scratch);
      note(name, { ...figures(cost), results: await results(scratch) });
    }
    await writePatterns(bed, scratch);
    const times = points / HOSTS;
    const nodes = Array.from({ length: times }, () => bed.nodes).flat();
    const inTurns = async (kind: string, pushed: Bed, field: Bed) => {
      // So that a busy machine is unfair to neither.
      for (const turn of [1, 2, 3]) {
        const cost = await measure(pushCommand(pushed, scratch, "table"), scratch);
        note(`${kind}, turn ${turn}`, { ...figures(cost), results: await results(scratch) });
        const bare = await bareSameScript({ bed: field, scratch, concurrency: CONCURRENCY });
        note(`bare ssh2 beside ${kind}, turn ${turn}`, figures(await measure(bare, scratch)));
      }
    };
    await inTurns("patterns", bed, { ...bed, nodes });
    const spelled = await writeSpellings(bed, { scratch, times });
    await inTurns("no configuration", spelled, spelled);
    return { hosts: HOSTS, aliases, runs };
  } finally {
    await bed.down();
    await rm(scratch, { recursive: true });
  }
}

function figures({ wallSeconds, cpuSeconds, peakMiB }: Cost) {
  return {
    seconds: Math.round(wallSeconds),
    cpuSeconds: Math.round(cpuSeconds * 100) / 100,
    peakMB: Math.round((peakMiB * 1024 * 1024) / 1e6),
  };
}

/** What nodes of one kind have in an ssh configuration. */
async function writePatterns(bed: Bed, scratch: string): Promise<void> {
  const patterns = bed.nodes.map((node, index) => ({ ...node, name: `n${index + 1}-*` }));
  await writeSshConfig(patterns, scratch);
}

/**
 * Hosts by names that ssh's configuration says nothing about, and that need no DNS: an IPv4 address may be spelled with
 * any number of zeros in a hexadecimal part (inet_aton(3)).
 */
async function writeSpellings(
  bed: Bed,
  { scratch, times }: { readonly scratch: string; readonly times: number },
): Promise<Bed> {
  const zeros = Array.from({ length: times }, (_, index) => "0".repeat(index));
  const spell = (address: string, more: string) =>
    address.replace(/^\d+/, (first) => `0x${more}${Number(first).toString(16)}`);
  const nodes = zeros.flatMap((more, turn) =>
    bed.nodes.map((node, index) => ({
      ...node,
      name: `s${index + 1}-${turn + 1}`,
      address: spell(node.address, more),
    })),
  );
  const known = (await readFile(bed.ssh.knownHosts, "utf8")).split("\n").filter(Boolean);
  const knownHosts = join(scratch, "known_hosts");
  const lines = zeros.flatMap((more) => known.map((line) => `${spell(line, more)}\n`));
  await writeFile(knownHosts, lines.join(""));
  await writeFile(join(scratch, "ssh_config"), "");
  const entries = nodes.map(({ name, address, port }) => `${name}=${address}:${port}\n`);
  await writeFile(join(scratch, "hosts"), entries.join(""));
  return { ...bed, nodes, ssh: { ...bed.ssh, knownHosts } };
}

async function writeSshConfig(
  hosts: readonly Pick<BedNode, "name" | "address" | "port">[],
  scratch: string,
): Promise<void> {
  const blocks = hosts.map(
    ({ name, address, port }) => `Host ${name}\n  HostName ${address}\n  Port ${port}\n`,
  );
  await writeFile(join(scratch, "ssh_config"), blocks.join(""));
}

/** The aliases of one host are far apart, as nodes of a list are. */
async function writeAliases(
  bed: Bed,
  { scratch, count }: { readonly scratch: string; readonly count: number },
): Promise<number> {
  const aliases = Array.from({ length: Math.ceil(count / HOSTS) }, (_, turn) =>
    bed.nodes.map(({ address, port }, index) => ({
      name: `n${index + 1}-${turn + 1}`,
      address,
      port,
    })),
  ).flat();
  await writeSshConfig(aliases, scratch);
  await writeFile(join(scratch, "hosts"), aliases.map(({ name }) => `${name}\n`).join(""));
  return aliases.length;
}

function pushCommand({ ssh }: Bed, scratch: string, output: "table" | "json"): string[] {
  return [
    ...["env", `XDG_STATE_HOME=${scratch}/state`],
    ...[process.execPath, "dist/cli/pullcast.cjs", "push"],
    ...["--config", `${scratch}/config.json`, "--hosts-from", `${scratch}/hosts`],
    ...["--ssh-config", `${scratch}/ssh_config`, "--ssh-user", ssh.user, "-i", ssh.key],
    ...["--known-hosts", ssh.knownHosts, "--replace", "--no-breaker", "-o", output],
    ...["--concurrency", String(CONCURRENCY)],
  ];
}

/** How many hosts ended how, by the last run's record. */
async function results(scratch: string): Promise<Record<string, number>> {
  const dir = join(scratch, "state", "pullcast", "runs");
  const last = (await readdir(dir)).sort().at(-1) ?? "";
  const { items } = JSON.parse(await readFile(join(dir, last), "utf8")) as {
    items: { result: string }[];
  };
  const counts: Record<string, number> = {};
  for (const { result } of items) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}
