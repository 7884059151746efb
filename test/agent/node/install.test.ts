import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { composeInstall, composeReadBack } from "../../../agent/node/compose.ts";
import { readReport } from "../../../agent/node/read-report.ts";
import { configOf, nodeConfig, request, sha256 } from "./request.ts";
import { findShells, makeArena, type RunOptions, runProgram, type Shell } from "./shells.ts";

const arena = makeArena();
const shells = findShells(arena.dir);
afterAll(arena.remove);

let count = 0;
function newDir(): string {
  count += 1;
  const dir = join(arena.dir, `root-${count}`);
  mkdirSync(dir, { mode: 0o755 });
  return dir;
}

const A = configOf("old-password");
const B = configOf("new-password");

interface InstallOptions extends Omit<RunOptions, "shell"> {
  readonly replace?: boolean;
  readonly run?: string;
  readonly machineId?: string;
}

async function install(shell: Shell, dir: string, bytes: Uint8Array, options: InstallOptions = {}) {
  const asked = request(dir, options);
  const { machineId } = options;
  const config = nodeConfig(bytes);
  const program = composeInstall({
    ...asked,
    config,
    ...(machineId === undefined ? {} : { machineId }),
  });
  const outcome = await runProgram(program, { ...options, shell });
  return readReport(outcome, { nonce: asked.nonce, digest: config.digest });
}

test("these tests run as root, as programs on a node do", () => {
  expect(process.getuid?.()).toBe(0);
});

describe.each(shells)("install by $name", (shell) => {
  test("a first push creates the file, a second changes nothing, a third replaces it", async () => {
    const dir = newDir();
    const file = join(dir, "config.json");
    expect(await install(shell, dir, A)).toMatchObject({
      status: "done",
      what: "updated",
      path: file,
      pathProof: "given",
    });
    expect(readFileSync(file)).toEqual(A);
    const first = statSync(file, { bigint: true });
    expect(Number(first.mode & 0o7777n)).toBe(0o600);
    const beside = readdirSync(join(dir, ".pullcast"));
    expect(beside).toEqual(["record"]);

    const again = await install(shell, dir, A);
    expect(again).toMatchObject({ status: "done", what: "unchanged", path: file });
    expect(again.status === "done" && again.ageSeconds).toBeGreaterThanOrEqual(0);
    const second = statSync(file, { bigint: true });
    expect([second.ino, second.mtimeNs, second.ctimeNs]).toEqual([
      first.ino,
      first.mtimeNs,
      first.ctimeNs,
    ]);

    expect(await install(shell, dir, B)).toMatchObject({ status: "done", what: "updated" });
    expect(readFileSync(file)).toEqual(B);
    expect(readdirSync(join(dir, ".pullcast"))).toEqual(["record"]);
    expect(statSync(join(dir, ".pullcast")).mode & 0o7777).toBe(0o700);
  });
});
