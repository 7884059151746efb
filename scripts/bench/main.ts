/**
 * `npm run bench -- push [--nodes 50] [--rounds 7] [--concurrency 50] [--json FILE]`
 *
 * Brings one small file to many nodes (containers with a real sshd) in several ways, all in the same run,
 * in turns, so that a busy machine is unfair to nobody. Prints Markdown; ratios are to pullcast, per round.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureHostTools, upBed } from "../../test/bed/index.ts";
import { type Contender, contenders } from "./contenders.ts";
import { type Cost, measure, median } from "./measure.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: "string", default: "50" },
    rounds: { type: "string", default: "7" },
    concurrency: { type: "string", default: "50" },
    json: { type: "string" },
  },
});
if (positionals.join() !== "push") {
  console.error(
    "usage: npm run bench -- push [--nodes 50] [--rounds 7] [--concurrency 50] [--json FILE]",
  );
  process.exit(2);
}

const nodes = Number(values.nodes);
const rounds = Number(values.rounds);
await ensureHostTools(["time", "ssh"], (line) => console.error(line));
const scratch = await mkdtemp(join(tmpdir(), "pullcast-bench-"));
const bed = await upBed({
  name: `bench-${process.pid}`,
  nodes,
  onProgress: (line) => console.error(line),
});
try {
  const field = contenders({ bed, scratch, concurrency: Number(values.concurrency) });
  const costs = await compete(field);
  console.log(markdown(field, costs));
  if (values.json !== undefined) {
    await writeFile(
      values.json,
      `${JSON.stringify({ nodes, rounds, costs: Object.fromEntries(costs) }, null, 2)}\n`,
    );
  }
} finally {
  await bed.down();
  await rm(scratch, { recursive: true });
}

/** Rounds in turns; the first, which fills caches, isn't counted. */
async function compete(field: readonly Contender[]): Promise<Map<string, Cost[]>> {
  const costs = new Map<string, Cost[]>(field.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, prepare } of field) {
      const cost = await measure(await prepare(), scratch);
      console.error(`round ${round} ${name}: ${cost.wallSeconds.toFixed(2)} s`);
      if (round > 0) costs.get(name)?.push(cost);
    }
  }
  return costs;
}

function markdown(
  field: readonly Contender[],
  costs: ReadonlyMap<string, readonly Cost[]>,
): string {
  const own = costs.get(field[0]?.name ?? "") ?? [];
  const rows = field.map(({ name }) => {
    const theirs = costs.get(name) ?? [];
    const of = (pick: (cost: Cost) => number) => median(theirs.map(pick));
    const ratio = (pick: (cost: Cost) => number) =>
      median(own.map((cost, round) => pick(cost) / pick(theirs[round] ?? cost)));
    const wall = (cost: Cost) => cost.wallSeconds;
    const cpu = (cost: Cost) => cost.cpuSeconds;
    const memory = of((cost) => cost.peakMiB).toFixed(0);
    return `| ${name} | ${of(wall).toFixed(2)} | ${of(cpu).toFixed(2)} | ${memory} | ${ratio(wall).toFixed(2)} | ${ratio(cpu).toFixed(2)} |`;
  });
  return [
    `${nodes} nodes, medians of ${rounds} rounds; the last two columns: pullcast's figure over this one's.`,
    "",
    "| way | wall s | client CPU s | largest process MiB | wall ratio | CPU ratio |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}
