import { createHash } from "node:crypto";
import pLimit from "p-limit";
import { programText } from "../../agent/node/programs.ts";
import type { Before, Fault } from "../agent/node/fault-scene.ts";
import { countCalls, type FaultBench, listCallFaults, tryFault } from "../agent/node/faults.ts";
import { findShells } from "../agent/node/shells.ts";
import { makeArena } from "../rig/arena.ts";
import { seeded } from "../rig/seeded.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

/** Each fault has a directory of its own, so they can go side by side. */
const AT_ONCE = 4;

const BEFORE: readonly Before[] = ["ours", "foreign", "nothing"];

/** A bench with one of its faults. */
interface Point {
  readonly bench: FaultBench;
  readonly fault: Fault;
}

/**
 * Kills installs at every system call, all processes at once and one alone, and gives every call that changes
 * a disk ENOSPC, EIO and EROFS: under dash, bash and busybox, over nothing, our own and a foreign file.
 *
 * @returns the program's SHA-256, counts by shell, and each violation in words
 */
export async function installFaults({ seed, points, onProgress }: SoakOptions): Promise<Evidence> {
  const arena = makeArena();
  try {
    const all = await listPoints(arena.dir);
    const chosen = choose(all, points, seeded(seed));
    const counts: Record<string, number> = {};
    const violations: string[] = [];
    let done = 0;
    const judge = async ({ bench, fault }: Point) => {
      const name = `${bench.shell.name}, ${bench.before}, ${fault.kind === "call" ? fault.inject : fault.kind}`;
      counts[name] = (counts[name] ?? 0) + 1;
      const wrong = await tryFault(bench, fault);
      if (wrong !== undefined) {
        violations.push(`${name} ${JSON.stringify(fault)}: ${wrong}`);
        onProgress?.(violations.at(-1) ?? "");
      }
      done += 1;
      if (done % 100 === 0) {
        onProgress?.(`${done} of ${chosen.length} faults, ${violations.length} violations`);
      }
    };
    await pLimit(AT_ONCE).map(chosen, judge);
    const program = createHash("sha256").update(programText("install")).digest("hex");
    return { program, faults: chosen.length, ofAll: all.length, violations, counts };
  } finally {
    arena.remove();
  }
}

async function listPoints(arena: string): Promise<Point[]> {
  const points: Point[] = [];
  for (const shell of findShells(arena)) {
    for (const before of BEFORE) {
      const bench: FaultBench = { arena, shell, before };
      const calls = await countCalls(bench);
      for (let at = 1; at <= calls; at += 1) points.push({ bench, fault: { kind: "kill", at } });
      for (const fault of await listCallFaults(bench)) points.push({ bench, fault });
    }
  }
  return points;
}

/** That many points, spread by chance; all of them where there are no more. */
function choose(all: readonly Point[], count: number, random: () => number): readonly Point[] {
  if (count >= all.length) return all;
  return all
    .map((point) => ({ point, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, count)
    .map(({ point }) => point);
}
