import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { composeRestart } from "../../../agent/node/compose.ts";
import { readReport } from "../../../agent/node/read-report.ts";
import { makeArena } from "../../rig/arena.ts";
import { request } from "./request.ts";
import { findShells, runProgram } from "./shells.ts";
import { makeStandIns } from "./stand-in.ts";

const arena = makeArena();
const shells = findShells(arena.dir);
const { newRoot, start, machine } = makeStandIns(arena.dir);
afterAll(arena.remove);

describe.each(shells)("a restart by $name", (shell) => {
  async function restart(restartCommand?: string, lines: readonly string[] = []) {
    const { dir: _found, ...asked } = request("/");
    const program = composeRestart({
      ...asked,
      ...(restartCommand === undefined ? {} : { restartCommand }),
    });
    const outcome = await runProgram(program, { shell, prefix: machine(lines) });
    return readReport(outcome, { nonce: asked.nonce });
  }

  test("needs a proven kubelet that a service owns", async () => {
    expect(await restart()).toMatchObject({ status: "failed", code: "PC541" });
    expect(await restart(undefined, [start(newRoot())])).toMatchObject({ code: "PC504" });
  });

  test("by the user's command needs neither, and its words are no verdict", async () => {
    const proof = join(newRoot(), "proof");
    expect(await restart(`echo noise; echo done >'${proof}'`)).toMatchObject({ what: "restarted" });
    expect(readFileSync(proof, "utf8")).toBe("done\n");
    expect(await restart("echo not today >&2; exit 3")).toMatchObject({
      code: "PC502",
      detail: "the restart command ended with 3: not today",
    });
  });
});
