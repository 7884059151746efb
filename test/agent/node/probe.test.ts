import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { composeProbe } from "../../../agent/node/compose.ts";
import { readReport } from "../../../agent/node/read-report.ts";
import { makeArena } from "../../rig/arena.ts";
import { configOf, nodeConfig, request } from "./request.ts";
import { runInstall } from "./run-install.ts";
import { findShells, runProgram } from "./shells.ts";

const arena = makeArena();
const shells = findShells(arena.dir);
afterAll(arena.remove);
const { newDir } = arena;

const config = nodeConfig(configOf("password"));
const other = configOf("other");

describe.each(shells)("a probe by $name", (shell) => {
  async function probe(dir: string, more: { replace?: boolean; digest?: string } = {}) {
    const asked = request(dir, more);
    const digest = more.digest ?? config.digest;
    const outcome = await runProgram(composeProbe({ ...asked, digest }), { shell });
    return readReport(outcome, { nonce: asked.nonce, digest });
  }

  const install = (dir: string) => runInstall({ shell, dir, bytes: configOf("password") });

  /** Names, inodes and times of all that is in a directory, itself included. */
  const state = (dir: string) =>
    [".", ...readdirSync(dir, { recursive: true, encoding: "utf8" }).sort()].map((name) => {
      const { ino, mtimeNs, ctimeNs, mode } = statSync(join(dir, name), { bigint: true });
      return `${name} ${ino} ${mtimeNs} ${ctimeNs} ${mode}`;
    });

  test("of an empty directory says that a push would write, and writes nothing", async () => {
    const dir = newDir();
    const before = state(dir);
    expect(await probe(dir)).toMatchObject({
      status: "done",
      what: "probed",
      path: join(dir, "config.json"),
      pathProof: "given",
      machine: {
        shell: expect.stringMatching(/^\/.*\/(?:dash|bash|busybox)$/),
        clockSeconds: expect.any(Number),
        freeBytes: expect.any(Number),
      },
    });
    expect(state(dir)).toEqual(before);
  });

  test("of a directory with the very file says so; with an older one of ours that a push would write", async () => {
    const dir = newDir();
    await install(dir);
    const before = state(dir);
    expect(await probe(dir)).toMatchObject({ status: "done", what: "unchanged" });
    const digest = nodeConfig(other).digest;
    expect(await probe(dir, { digest })).toMatchObject({ status: "done", what: "probed" });
    expect(state(dir)).toEqual(before);
  });

  test("refuses what an install would refuse, and a --replace answers it as well", async () => {
    const dir = newDir();
    writeFileSync(join(dir, "config.json"), other);
    const before = state(dir);
    expect(await probe(dir)).toMatchObject({ status: "failed", code: "PC301" });
    expect(await probe(dir, { replace: true })).toMatchObject({ status: "done", what: "probed" });
    expect(state(dir)).toEqual(before);

    const link = newDir();
    symlinkSync("/dev/null", join(link, "config.json"));
    expect(await probe(link)).toMatchObject({ code: "PC303" });
    const open = newDir();
    chmodSync(open, 0o777);
    expect(await probe(open)).toMatchObject({ code: "PC308" });
    expect(await probe(join(newDir(), "none"))).toMatchObject({ code: "PC309" });
    const shared = newDir();
    mkdirSync(join(shared, ".pullcast"), { mode: 0o755 });
    expect(await probe(shared)).toMatchObject({ code: "PC308" });
  });

  test.each([
    ["the file system", "mount -t tmpfs -o ro,mode=755 none DIR"],
    ["the mount alone", "mount --bind DIR DIR && mount -o remount,bind,ro DIR"],
  ])("tells that %s is read-only, of which an install learns by writing", async (_, mount) => {
    const dir = newDir();
    const asked = request(dir);
    const outcome = await runProgram(composeProbe({ ...asked, digest: config.digest }), {
      shell,
      prefix: [
        ...["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c"],
        `${mount.replaceAll("DIR", dir)} && exec "$@"`,
        "sh",
      ],
    });
    expect(readReport(outcome, asked)).toMatchObject({
      status: "failed",
      code: "PC306",
      detail: `${dir}: mounted read-only`,
    });
  });

  test("opens nothing for writing and makes, moves or removes nothing", async () => {
    const dir = newDir();
    await install(dir);
    const log = join(arena.dir, `trace-${shell.name}`);
    const calls =
      "open,openat,creat,rename,renameat,renameat2,unlink,unlinkat,link,linkat,symlink,symlinkat,mkdir,mkdirat,rmdir,chmod,fchmod,fchmodat,fchmodat2,chown,fchownat";
    const asked = request(dir);
    await runProgram(composeProbe({ ...asked, digest: nodeConfig(other).digest }), {
      shell,
      prefix: [
        "/usr/bin/strace",
        "-f",
        "-q",
        "-o",
        log,
        "-e",
        `trace=?${calls.replaceAll(",", ",?")}`,
      ],
    });
    const lines = readFileSync(log, "utf8").split("\n");
    expect(lines.some((line) => /open(at)?\(/.test(line))).toBe(true);
    const writing = lines.filter(
      (line) =>
        /O_WRONLY|O_RDWR|O_CREAT|\b(creat|rename|unlink|link|symlink|mkdir|rmdir|chmod|chown)\w*\(/.test(
          line,
        ) && !/"\/dev\/(null|tty)"|readlink/.test(line),
    );
    expect(writing).toEqual([]);
  });
});
