import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Notice } from "../../../agent/model.ts";
import type { NodeProgramReport } from "../../../agent/node/read-report.ts";
import { makeArena } from "../../rig/arena.ts";
import { configOf, sha256 } from "./request.ts";
import { type InstallOptions, runInstall } from "./run-install.ts";
import { findShells, makeWrappers, putTogether, type RunOptions } from "./shells.ts";

const arena = makeArena();
const shells = findShells(arena.dir);
afterAll(arena.remove);
const { newDir } = arena;

const A = configOf("old-password");
const B = configOf("new-password");

/** What the report tells of the node's programs. */
function told(report: NodeProgramReport): readonly Notice[] {
  const warnings = report.status === "lost" ? [] : report.warnings;
  return warnings.filter(({ code }) => code === "PC324" || code === "PC325");
}

/** All that an install needs but dd, sha256sum and sync. */
const OTHERS = ["grep", "ls", "stat", "mkdir", "chmod", "ln", "mv", "rm", "rmdir", "wc"];

// busybox as a shell finds its own applets before any search path.
describe.each(shells.filter(({ name }) => name !== "busybox"))("by $name,", (shell) => {
  /** A search path with few of the real programs, and scripts in place of others. */
  function withTools(names: readonly string[], scripts: Readonly<Record<string, string>> = {}) {
    const tools = makeWrappers(join(newDir(), "few"), scripts);
    for (const name of [...OTHERS, ...names]) symlinkSync(`/usr/bin/${name}`, join(tools, name));
    const few = { ...shell, path: tools };
    return (dir: string, bytes: Uint8Array, options: InstallOptions = {}) =>
      runInstall({ shell: few, dir, bytes, options });
  }

  test.each([
    ["busybox", "busybox sha256sum"],
    ["openssl", "openssl dgst -sha256 -r"],
    ["shasum", "shasum -a 256"],
  ])(
    "where sha256sum is missing %s does its work, and the answer names it",
    async (tool, command) => {
      const dir = newDir();
      const push = withTools(["dd", "sync", "perl", tool]);
      const first = await push(dir, A);
      expect(first).toMatchObject({ what: "updated" });
      expect(told(first)).toEqual([
        { code: "PC324", message: expect.stringContaining(`${command} for sha256sum`) },
      ]);
      expect(await push(dir, A)).toMatchObject({ what: "unchanged" });
      expect(await push(dir, B)).toMatchObject({ what: "updated" });
      expect(readFileSync(join(dir, "config.json"))).toEqual(B);
      const payload = Buffer.from(A);
      payload[10] = (payload[10] ?? 0) ^ 1;
      const edit: RunOptions["edit"] = (parts) => ({ ...parts, payload });
      expect(await push(dir, A, { edit })).toMatchObject({ code: "PC311" });
      expect(readFileSync(join(dir, "config.json"))).toEqual(B);
    },
  );

  test("what tells a wrong digest of nothing does not stand in for sha256sum", async () => {
    const push = withTools(["dd", "sync"], { busybox: `echo ${sha256(A)}  "$2"` });
    expect(await push(newDir(), A)).toMatchObject({ code: "PC315", detail: "sha256sum" });
  });

  test.each([
    [
      "passes over names",
      "exec 2>&1; echo sync: ignoring all arguments; exec /bin/sync",
      "ignoring",
    ],
    ["refuses names", "[ $# = 0 ] && exec /bin/sync; echo Usage: sync >&2; exit 1", "Usage"],
  ])("where sync %s all disks are synced in its place, told once", async (_how, sync, words) => {
    const log = join(newDir(), "log");
    const push = withTools(["dd", "sha256sum"], { sync });
    const trace = ["-f", "-qq", "-o", log, "-e", "trace=sync,rename,renameat,renameat2"];
    const report = await push(newDir(), A, { prefix: ["/usr/bin/strace", ...trace] });
    expect(report).toMatchObject({ what: "updated" });
    expect(told(report)).toEqual([{ code: "PC325", message: expect.stringContaining(words) }]);
    const calls = readFileSync(log, "utf8").match(/\b(?:sync|rename)(?=\(|at)/g);
    expect(calls).toEqual(["sync", "rename", "sync"]);
  });

  test("an error of a sync that takes names is not passed over", async () => {
    const failing = "sync: error syncing 'x': Input/output error";
    const sync = `case $1 in .*) echo "${failing}" >&2; exit 1 ;; esac; exec /bin/sync "$@"`;
    const push = withTools(["dd", "sha256sum"], { sync });
    expect(await push(newDir(), A)).toMatchObject({
      code: "PC313",
      detail: expect.stringContaining("Input/output error"),
    });
  });

  test("a dd that knows no full blocks loses nothing, however the link cuts its pieces", async () => {
    const dd =
      'case "$*" in *iflag=*) echo "dd: invalid argument" >&2; exit 1 ;; esac; exec /bin/dd "$@"';
    const push = withTools(["sha256sum", "sync"], { dd });
    const dir = newDir();
    const send: RunOptions["send"] = async (parts, channel) => {
      const bytes = putTogether(parts);
      for (let at = 0; at < bytes.length; at += 999) {
        channel.write(bytes.subarray(at, at + 999));
        await new Promise((go) => setImmediate(go));
      }
      channel.end();
    };
    expect(await push(dir, A, { send })).toMatchObject({ what: "updated" });
    expect(readFileSync(join(dir, "config.json"))).toEqual(A);
    const edit: RunOptions["edit"] = (parts) => ({
      ...parts,
      payload: parts.payload.subarray(0, 9),
    });
    expect(await push(dir, B, { edit })).toMatchObject({
      code: "PC310",
      detail: `9 of ${B.length} bytes`,
    });
  });
});
