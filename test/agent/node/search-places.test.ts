import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { composeInstall } from "../../../agent/node/compose.ts";
import { readReport } from "../../../agent/node/read-report.ts";
import { makeArena } from "../../rig/arena.ts";
import { configOf, nodeConfig, request } from "./request.ts";
import { findShells, runProgram } from "./shells.ts";
import { makeStandIns } from "./stand-in.ts";

const arena = makeArena();
const shells = findShells(arena.dir);
const { newRoot, start, machine } = makeStandIns(arena.dir);
afterAll(arena.remove);

describe.each(shells)("by $name", (shell) => {
  async function installBeside(lines: readonly string[], replace = false) {
    const { dir: _found, ...asked } = request("/", { replace });
    const config = nodeConfig(configOf("secret"));
    const program = composeInstall({ ...asked, config });
    const outcome = await runProgram(program, { shell, prefix: machine(lines) });
    return readReport(outcome, { nonce: asked.nonce, digest: config.digest });
  }

  test.each(["cwd", "HOME"])(
    "a file in the kubelet's %s is hidden only on demand",
    async (place) => {
      const root = newRoot();
      const other = newRoot();
      const where = place === "cwd" ? other : join(other, ".docker");
      mkdirSync(where, { recursive: true });
      const hidden = join(where, "config.json");
      writeFileSync(hidden, configOf("in use"));
      const lines = [start(root, place === "cwd" ? `env -C '${other}'` : `env HOME='${other}'`)];
      expect(await installBeside(lines)).toMatchObject({
        status: "failed",
        code: "PC302",
        detail: hidden,
      });
      expect(existsSync(join(root, ".pullcast"))).toBe(false);
      expect(await installBeside(lines, true)).toMatchObject({
        what: "updated",
        path: join(root, "config.json"),
        warnings: [{ code: "PC302" }],
      });
      expect(readFileSync(hidden)).toEqual(configOf("in use"));
    },
  );

  test("a file without auths in the kubelet's cwd hides nothing", async () => {
    const root = newRoot();
    const other = newRoot();
    writeFileSync(join(other, "config.json"), "{}");
    expect(await installBeside([start(root, `env -C '${other}'`)])).toMatchObject({
      what: "updated",
    });
  });
});
