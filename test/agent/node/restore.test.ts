import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { composeRestore } from "../../../agent/node/compose.ts";
import { readReport } from "../../../agent/node/read-report.ts";
import { makeArena } from "../../rig/arena.ts";
import { configOf, request, sha256 } from "./request.ts";
import { type InstallOptions, runInstall } from "./run-install.ts";
import { findShells, runProgram } from "./shells.ts";

const arena = makeArena();
const shells = findShells(arena.dir);
afterAll(arena.remove);

const { newDir } = arena;

const FOREIGN = configOf("foreign");
const A = configOf("a");
const B = configOf("b");

const NO_STATE = { code: "PC317", detail: expect.stringMatching(/\.pullcast does not exist$/) };

describe.each(shells)("restore by $name", (shell) => {
  const push = (dir: string, bytes: Uint8Array, options: InstallOptions = {}) =>
    runInstall({ shell, dir, bytes, options });

  async function restore(dir: string, more = {}) {
    const asked = request(dir, more);
    return readReport(await runProgram(composeRestore(asked), { shell }), asked);
  }

  test("bytes, mode, owner and times come back, through many pushes, once", async () => {
    const dir = newDir();
    const file = join(dir, "config.json");
    writeFileSync(file, FOREIGN);
    chmodSync(file, 0o644);
    chownSync(file, 1000, 1001);
    utimesSync(file, 1_500_000_000, 1_500_000_000);
    const before = statSync(file);
    expect(await push(dir, A, { replace: true, run: "run-1" })).toMatchObject({ what: "updated" });
    expect(await push(dir, B, { replace: true, run: "run-2" })).toMatchObject({ what: "updated" });
    expect(await restore(dir)).toMatchObject({ status: "done", what: "restored", path: file });
    const after = statSync(file);
    expect(readFileSync(file)).toEqual(FOREIGN);
    for (const key of ["ino", "mode", "uid", "gid", "mtimeMs", "size", "nlink"] as const) {
      expect(after[key]).toBe(before[key]);
    }
    expect(readdirSync(dir)).toEqual(["config.json"]);
    expect(await restore(dir)).toMatchObject(NO_STATE);
  });

  test("where nothing was, nothing is left", async () => {
    const dir = newDir();
    await push(dir, A);
    expect(await restore(dir)).toMatchObject({ status: "done", what: "removed" });
    expect(readdirSync(dir)).toEqual([]);
    expect(await restore(dir)).toMatchObject(NO_STATE);
  });

  test("what others wrote since is refused, then kept", async () => {
    const dir = newDir();
    await push(dir, A);
    const file = join(dir, "config.json");
    writeFileSync(file, FOREIGN);
    expect(await restore(dir)).toMatchObject({ code: "PC318" });
    expect(readFileSync(file)).toEqual(FOREIGN);
    const kept = join(dir, ".pullcast", "kept-run-9");
    expect(await restore(dir, { replace: true, run: "run-9" })).toMatchObject({
      what: "removed",
      kept,
    });
    expect(existsSync(file)).toBe(false);
    expect(readFileSync(kept)).toEqual(FOREIGN);
    expect(await restore(dir)).toMatchObject({
      code: "PC317",
      detail: `${dir}/.pullcast holds no record`,
    });
  });

  test("a kept file that was edited or is gone is not put back", async () => {
    const dir = newDir();
    const file = join(dir, "config.json");
    writeFileSync(file, FOREIGN);
    await push(dir, A, { replace: true, run: "run-1" });
    const kept = join(dir, ".pullcast", "kept-run-1");
    writeFileSync(kept, "{}");
    expect(await restore(dir)).toMatchObject({ code: "PC318" });
    unlinkSync(kept);
    expect(await restore(dir)).toMatchObject({
      code: "PC326",
      detail: expect.stringMatching(/kept-run-1: .*No such file/),
    });
    expect(readFileSync(file)).toEqual(A);
  });

  test("a push that died between its two renames is undone as well", async () => {
    const dir = newDir();
    const file = join(dir, "config.json");
    const state = join(dir, ".pullcast");
    mkdirSync(state, { mode: 0o700 });
    writeFileSync(file, FOREIGN);
    linkSync(file, join(state, "kept-run-1"));
    const digest = sha256(FOREIGN);
    writeFileSync(
      join(state, "record.a"),
      `2 1 ${sha256(A)} yes ${digest} no - kept-run-1 ${digest} run-1 end\n`,
    );
    expect(await restore(dir)).toMatchObject({ what: "restored" });
    expect(readFileSync(file)).toEqual(FOREIGN);
    expect(readdirSync(dir)).toEqual(["config.json"]);
  });
});
