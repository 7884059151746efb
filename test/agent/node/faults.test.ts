import { afterAll, describe, expect, test } from "vitest";
import { readReport } from "../../../agent/node/read-report.ts";
import { makeArena } from "../../rig/arena.ts";
import { seeded } from "../../rig/seeded.ts";
import type { Fault } from "./fault-scene.ts";
import { countCalls, type FaultBench, listCallFaults, tryFault } from "./faults.ts";
import { findShells, type Parts } from "./shells.ts";

const arena = makeArena();
const shells = findShells(arena.dir);
afterAll(arena.remove);

const SEED = 20261124;

describe.each(shells)("an install by $name", (shell) => {
  const bench: FaultBench = { arena: arena.dir, shell, before: "ours" };
  const random = seeded(SEED);
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)];

  test("is whole after a death at a sample of all its system calls", async () => {
    const calls = await countCalls(bench);
    expect(calls).toBeGreaterThan(300);
    for (let point = 0; point < 10; point += 1) {
      const fault: Fault = { kind: "kill", at: 1 + Math.floor(random() * calls) };
      expect(await tryFault(bench, fault), JSON.stringify(fault)).toBeUndefined();
    }
  });

  test("is whole after errors and deaths at a sample of single calls", async () => {
    const faults = await listCallFaults(bench);
    expect(faults.length).toBeGreaterThan(100);
    for (let point = 0; point < 8; point += 1) {
      const fault = pick(faults) ?? { kind: "none" };
      expect(await tryFault(bench, fault), JSON.stringify(fault)).toBeUndefined();
    }
  });

  test.each<Fault>([
    { kind: "cut", bytes: 0 },
    { kind: "cut", bytes: 40 },
    { kind: "damage", at: 12 },
    { kind: "order" },
    { kind: "none" },
  ])("keeps its promises with $kind", async (fault) => {
    expect(await tryFault(bench, fault)).toBeUndefined();
    expect(await tryFault({ ...bench, before: "foreign" }, fault)).toBeUndefined();
    expect(await tryFault({ ...bench, before: "nothing" }, fault)).toBeUndefined();
  });
});

/** A change to the program's text; fails if there is nothing to change. */
function without(text: string | RegExp, instead = "") {
  return (parts: Parts): Parts => {
    const program = parts.program.replaceAll(text, instead);
    if (program === parts.program) throw new Error(`the program has no ${text}`);
    return { ...parts, program };
  };
}

describe("these faults notice", () => {
  const [dash] = shells;
  if (dash === undefined) throw new Error("there is no dash");
  const bench: FaultBench = { arena: arena.dir, shell: dash, before: "ours" };

  test.each<[string, ReturnType<typeof without>, Fault]>([
    ["no byte count check", without(/^\[ "\$count" -eq .*$/gm), { kind: "cut", bytes: 40 }],
    [
      "no digest check",
      without(/^\[ "\$\{words%% \*\}" = "\$digest" \] \|\| fail PC31[14].*$/gm),
      { kind: "damage", at: 12 },
    ],
    ["mv without -T", without("mv -fT", "mv -f"), { kind: "late-directory" }],
    ["no sync of the file", without(/^sync_to_disk "\$record".*$/gm), { kind: "order" }],
    ["no sync of the directory", without(/^sync_to_disk \. .*$/gm), { kind: "order" }],
    ["a file open to others", without("umask 077", "umask 022"), { kind: "order" }],
  ])("%s", async (_mutant, edit, fault) => {
    expect(await tryFault(bench, fault)).toBeUndefined();
    expect(await tryFault({ ...bench, edit }, fault)).toBeDefined();
  });

  test("a lost link taken as success", async () => {
    const read: typeof readReport = (outcome, expected) =>
      outcome.end.type === "exit"
        ? readReport(outcome, expected)
        : { status: "done", what: "updated", path: "", pathProof: "given", warnings: [] };
    const fault: Fault = { kind: "kill", at: 200 };
    expect(await tryFault(bench, fault)).toBeUndefined();
    expect(await tryFault({ ...bench, read }, fault)).toBeDefined();
  });
});
