import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { composeInstall } from "../../../agent/node/compose.ts";
import { readReport } from "../../../agent/node/read-report.ts";
import { makeArena } from "../../rig/arena.ts";
import { configOf, nodeConfig, request } from "./request.ts";
import { findShells, runProgram } from "./shells.ts";

const arena = makeArena();
const shells = findShells(arena.dir);
afterAll(arena.remove);

const CANARY = "canary-81549-canary";

test.each(shells)(
  "no process of an install by $name shows a secret in argv or environment",
  async (shell) => {
    const asked = request(arena.dir, { replace: true });
    const bytes = configOf(CANARY);
    const config = nodeConfig(bytes);
    const log = join(arena.dir, `log-${shell.name}`);
    const outcome = await runProgram(composeInstall({ ...asked, config }), {
      shell,
      prefix: ["/usr/bin/strace", "-f", "-v", "-s", "100000", "-o", log, "-e", "trace=execve"],
    });
    const report = readReport(outcome, { nonce: asked.nonce, digest: config.digest });
    expect(report.status).toBe("done");
    const seen = readFileSync(log, "utf8") + outcome.stdout + outcome.stderr;
    // What must be there shows that the log holds argv.
    expect(seen).toContain("umask 077");
    const base64 = Buffer.from(`robot:${CANARY}`).toString("base64");
    for (const secret of [CANARY, base64, bytes.toString("base64").slice(4, 40)]) {
      expect(seen).not.toContain(secret);
    }
  },
);
