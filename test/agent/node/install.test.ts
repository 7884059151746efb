import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { makeArena } from "../../rig/arena.ts";
import { configOf, sha256 } from "./request.ts";
import { type InstallOptions, runInstall } from "./run-install.ts";
import { findShells, makeWrappers, putTogether, type RunOptions, type Shell } from "./shells.ts";

const arena = makeArena();
const shells = findShells(arena.dir);
afterAll(arena.remove);

const { newDir } = arena;

const A = configOf("old-password");
const B = configOf("new-password");
const STORY = "story-20260101T000000Z-0001";

/** Lets everybody read and write what is made in a directory, whatever the umask (acl(5), linux/posix_acl_xattr.h). */
function openByAcl(dir: string): void {
  const entries = [0x01, 0x04, 0x20].map((tag) => `${hex16(tag)}${hex16(7)}ffffffff`);
  const script = [
    "my ($number, $path, $hex) = @ARGV;",
    'my ($name, $value) = ("system.posix_acl_default", pack("H*", $hex));',
    "syscall($number + 0, $path, $name, $value, length $value, 0) == 0 or die $!;",
  ].join(" ");
  const number = process.arch === "arm64" ? "5" : "188";
  execFileSync("perl", ["-e", script, number, dir, `02000000${entries.join("")}`]);
}

/** Little-endian. */
function hex16(value: number): string {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes.toString("hex");
}

test("these tests run as root, as programs on a node do", () => {
  expect(process.getuid?.()).toBe(0);
});

describe.each(shells)("install by $name", (shell) => {
  const push = (dir: string, bytes: Uint8Array, options: InstallOptions = {}) =>
    runInstall({ shell, dir, bytes, options });

  test("a first push creates the file, a second changes nothing, a third replaces it", async () => {
    const dir = newDir();
    const file = join(dir, "config.json");
    expect(await push(dir, A)).toMatchObject({
      status: "done",
      what: "updated",
      path: file,
      pathProof: "given",
    });
    expect(readFileSync(file)).toEqual(A);
    const first = statSync(file, { bigint: true });
    expect(Number(first.mode & 0o7777n)).toBe(0o600);
    const beside = readdirSync(join(dir, ".pullcast"));
    expect(beside).toEqual(["record.a", STORY]);

    const again = await push(dir, A);
    expect(again).toMatchObject({ status: "done", what: "unchanged", path: file });
    expect(again.status === "done" && again.ageSeconds).toBeGreaterThanOrEqual(0);
    const second = statSync(file, { bigint: true });
    expect([second.ino, second.mtimeNs, second.ctimeNs]).toEqual([
      first.ino,
      first.mtimeNs,
      first.ctimeNs,
    ]);

    expect(await push(dir, B)).toMatchObject({ status: "done", what: "updated" });
    expect(readFileSync(file)).toEqual(B);
    expect(readdirSync(join(dir, ".pullcast"))).toEqual(["record.a", "record.b", STORY]);
    expect(statSync(join(dir, ".pullcast")).mode & 0o7777).toBe(0o700);
  });

  test("a foreign file is refused untouched, then replaced on demand and kept by a second name", async () => {
    const dir = newDir();
    const file = join(dir, "config.json");
    writeFileSync(file, A, { mode: 0o640 });
    const before = statSync(file);
    expect(await push(dir, B)).toMatchObject({
      status: "failed",
      code: "PC301",
      path: file,
    });
    expect(readdirSync(dir)).toEqual(["config.json"]);

    const kept = join(dir, ".pullcast", "kept-20260101T000000Z-0001");
    expect(await push(dir, B, { replace: true })).toMatchObject({
      what: "updated",
      kept,
    });
    expect(readFileSync(file)).toEqual(B);
    expect(readFileSync(kept)).toEqual(A);
    const old = statSync(kept);
    expect([old.ino, old.mode, old.mtimeMs]).toEqual([before.ino, before.mode, before.mtimeMs]);

    // Our own file may be replaced without a word, and the first original stays the one that is kept.
    expect(await push(dir, A, { run: "run-2" })).toMatchObject({ what: "updated", kept });
    writeFileSync(file, "{}");
    expect(await push(dir, B, { run: "run-3" })).toMatchObject({ code: "PC301" });
  });

  test("the right bytes with a wrong mode are put right", async () => {
    const dir = newDir();
    const file = join(dir, "config.json");
    writeFileSync(file, A, { mode: 0o644 });
    expect(await push(dir, A)).toMatchObject({ what: "updated" });
    expect(statSync(file).mode & 0o7777).toBe(0o600);
  });

  test.each<[string, (file: string) => void, string]>([
    ["directory", (file) => mkdirSync(file), "a directory"],
    ["symbolic link", (file) => symlinkSync("/etc/hostname", file), "a symbolic link"],
    ["dangling link", (file) => symlinkSync("/nowhere/at/all", file), "a symbolic link"],
    ["FIFO", (file) => execFileSync("mkfifo", [file]), "a FIFO"],
    ["device", (file) => execFileSync("mknod", [file, "c", "1", "3"]), "a device"],
  ])("a target that is a %s is refused", async (_kind, make, words) => {
    const dir = newDir();
    make(join(dir, "config.json"));
    const report = await push(dir, A, { replace: true });
    expect(report).toMatchObject({ status: "failed", code: "PC303" });
    expect(report.status === "failed" && report.detail).toContain(words);
    expect(readdirSync(dir)).toEqual(["config.json"]);
  });

  test.each<[string, (dir: string) => void, string]>([
    ["writable by all", (dir) => chmodSync(dir, 0o777), "PC308"],
    ["sticky and writable by all", (dir) => chmodSync(dir, 0o1777), "PC308"],
    ["writable by a group", (dir) => chmodSync(dir, 0o775), "PC308"],
    ["another user's", (dir) => chownSync(dir, 1000, 0), "PC308"],
    ["missing", (dir) => rmSync(dir, { recursive: true }), "PC309"],
  ])("a parent that is %s is refused by name", async (_how, spoil, code) => {
    const parent = newDir();
    const dir = join(parent, "kubelet");
    mkdirSync(dir, { mode: 0o755 });
    spoil(parent);
    const report = await push(dir, A);
    expect(report).toMatchObject({ status: "failed", code });
    expect(report.status === "failed" && report.detail).toContain(parent);
  });

  test("a state directory that others may read is refused", async () => {
    const dir = newDir();
    mkdirSync(join(dir, ".pullcast"), { mode: 0o755 });
    expect(await push(dir, A)).toMatchObject({ code: "PC308" });
  });

  test("an upload cut at any place leaves nothing, not even with the right digest", async () => {
    const dir = newDir();
    for (const size of [0, 1, A.length - 1]) {
      const edit: RunOptions["edit"] = (parts) => ({
        ...parts,
        payload: parts.payload.subarray(0, size),
      });
      expect(await push(dir, A, { edit })).toMatchObject({
        status: "failed",
        code: "PC310",
        detail: `${size} of ${A.length} bytes`,
      });
      expect(readdirSync(dir)).toEqual([]);
    }
  });

  test("a damaged upload is refused", async () => {
    const dir = newDir();
    const payload = Buffer.from(A);
    payload[10] = (payload[10] ?? 0) ^ 1;
    const report = await push(dir, A, { edit: (parts) => ({ ...parts, payload }) });
    expect(report).toMatchObject({ status: "failed", code: "PC311" });
    expect(readdirSync(dir)).toEqual([]);
  });

  test("a program cut short never runs", async () => {
    const dir = newDir();
    const send: RunOptions["send"] = async ({ program }, channel) => {
      channel.write(`PULLCAST1 ${program.length}\n${program.slice(0, -30)}`);
      channel.end();
    };
    expect(await push(dir, A, { send })).toMatchObject({ began: false });
    expect(readdirSync(dir)).toEqual([]);
  });

  test("lines before ours, as sudo or a start-up file leave them, are passed over and end nowhere", async () => {
    const dir = newDir();
    const send: RunOptions["send"] = async (parts, channel) => {
      channel.write(`123456\nhunter2 PULLCAST1 9\n\n${"x".repeat(5000)}\n`);
      channel.write(putTogether(parts));
      channel.end();
    };
    expect(await push(dir, A, { send })).toMatchObject({ status: "done", what: "updated" });
    expect(readFileSync(join(dir, "config.json"))).toEqual(A);
  });

  test("without a line of ours nothing runs", async () => {
    const send: RunOptions["send"] = async (_parts, channel) => {
      channel.write("hunter2\n");
      channel.end();
    };
    expect(await push(newDir(), A, { send })).toMatchObject({ code: "PC225", began: false });
  });

  test("another machine-id is refused before the payload is used", async () => {
    const dir = newDir();
    expect(await push(dir, A, { machineId: "0".repeat(32) })).toMatchObject({
      status: "failed",
      code: "PC231",
    });
    expect(await push(dir, A, { machineId: "x;y" })).toMatchObject({ code: "PC231" });
    expect(readdirSync(dir)).toEqual([]);
  });

  test("an odd environment changes nothing", async () => {
    const dir = newDir();
    const env = {
      IFS: "/-0",
      CDPATH: "/tmp:/",
      ENV: "/nowhere",
      GREP_OPTIONS: "-v",
      POSIXLY_CORRECT: "1",
    };
    const prefix = ["/bin/sh", "-c", 'umask 000; exec "$@"', "sh"];
    expect(await push(dir, A, { env, prefix, cwd: "/proc" })).toMatchObject({
      what: "updated",
    });
    expect(statSync(join(dir, "config.json")).mode & 0o7777).toBe(0o600);
  });

  test("a default ACL of the directory opens the file to nobody, at no push", async () => {
    const dir = newDir();
    openByAcl(dir);
    writeFileSync(join(dir, "probe"), "", { mode: 0o666 });
    expect(statSync(join(dir, "probe")).mode & 0o777).toBe(0o666);
    for (const bytes of [A, B, A]) {
      expect(await push(dir, bytes)).toMatchObject({ what: "updated" });
      expect(statSync(join(dir, "config.json")).mode & 0o7777).toBe(0o600);
    }
  });

  test.each<[string, string, string]>([
    [
      "a read-only file system",
      'mount -t tmpfs -o mode=755 t "$D" && mount -o remount,ro "$D"',
      "PC306",
    ],
    [
      "a full file system",
      'mount -t tmpfs -o size=4k,mode=755 t "$D" && head -c 4096 /dev/zero >"$D/fill"',
      "PC307",
    ],
    ["no inodes", 'mount -t tmpfs -o nr_inodes=2,mode=755 t "$D" && : >"$D/fill"', "PC307"],
    [
      "a mounted target",
      ': >"$D/config.json" && mount --bind /etc/hostname "$D/config.json"',
      "PC304",
    ],
  ])("%s is named", async (_what, mount, code) => {
    const dir = newDir();
    const prefix = ["unshare", "-m", "/bin/sh", "-c", `D=$0; ${mount}; exec "$@"`, dir];
    expect(await push(dir, A, { prefix, replace: true })).toMatchObject({
      status: "failed",
      code,
    });
  });

  test.each(["target", "directory"])("an immutable %s is named", async (which) => {
    const dir = newDir();
    const file = join(dir, "config.json");
    await push(dir, A);
    const path = which === "target" ? file : dir;
    execFileSync("chattr", ["+i", path]);
    try {
      expect(await push(dir, B)).toMatchObject({ status: "failed", code: "PC305" });
      expect(readFileSync(file)).toEqual(A);
    } finally {
      execFileSync("chattr", ["-i", path]);
    }
    expect(await push(dir, B)).toMatchObject({ what: "updated" });
    expect(readdirSync(join(dir, ".pullcast"))).toEqual(["record.a", "record.b", STORY]);
  });

  test("a run that died between its two renames is understood by the next", async () => {
    const dir = newDir();
    const file = join(dir, "config.json");
    await push(dir, A);
    const [older, newer] = ["record.a", "record.b"].map((name) => join(dir, ".pullcast", name));
    const died = (number: number, before: Uint8Array, ours: string) =>
      `2 ${number} ${sha256(B)} yes ${sha256(before)} ${ours} - absent - run-1 end\n`;
    writeFileSync(newer ?? "", died(9, A, "yes"));
    expect(await push(dir, configOf("third"))).toMatchObject({ what: "updated" });
    writeFileSync(file, A);
    writeFileSync(newer ?? "", died(99, A, "no"));
    expect(await push(dir, configOf("third"))).toMatchObject({ code: "PC301" });
    writeFileSync(newer ?? "", "1 99 torn");
    writeFileSync(older ?? "", died(1, configOf("other"), "yes"));
    expect(await push(dir, configOf("third"))).toMatchObject({ code: "PC301" });
    writeFileSync(older ?? "", died(1, A, "yes"));
    expect(await push(dir, configOf("third"))).toMatchObject({ what: "updated" });
  });

  test("what killed runs left is swept, what live ones use is not", async () => {
    const dir = newDir();
    await push(dir, A);
    const state = join(dir, ".pullcast");
    const gone = execFileSync("/bin/sh", ["-c", "echo $$"], { encoding: "utf8" }).trim();
    writeFileSync(join(state, `new-${gone}-ab`), A);
    expect(await push(dir, A)).toMatchObject({ what: "unchanged" });
    expect(readdirSync(state)).toEqual(["record.a", STORY]);
    writeFileSync(join(state, `record-${gone}-ab`), A);
    writeFileSync(join(state, `new-${process.pid}-ab`), A);
    linkSync(join(dir, "config.json"), join(state, "kept-lost"));
    expect(await push(dir, B)).toMatchObject({ what: "updated" });
    expect(readdirSync(state).sort()).toContain(`new-${process.pid}-ab`);
    expect(existsSync(join(state, `record-${gone}-ab`))).toBe(false);
  });

  test("two runs at once end in one whole file, and no one who waits is in the other's way", async () => {
    const dir = newDir();
    const reports = await Promise.all([A, B, A, B].map((bytes) => push(dir, bytes)));
    const whats = reports.map((report) => (report.status === "done" ? report.what : report));
    for (const what of whats) expect(["updated", "unchanged"]).toContain(what);
    expect([A.toString(), B.toString()]).toContain(readFileSync(join(dir, "config.json"), "utf8"));
    for (const name of readdirSync(join(dir, ".pullcast")))
      expect(name).toMatch(/^(?:record\.[ab]|story-\S+)$/);
  });
});

// busybox finds its own applets before any search path.
describe.each(shells.filter(({ name }) => name !== "busybox"))("install by $name", (shell) => {
  test("a missing program is named", async () => {
    const dir = newDir();
    const tools = makeWrappers(join(dir, "few"), {});
    for (const name of ["dd", "grep", "ls", "stat"]) symlinkSync("/bin/busybox", join(tools, name));
    const report = await runInstall({ shell: { ...shell, path: tools }, dir, bytes: A });
    expect(report).toMatchObject({ status: "failed", code: "PC315", detail: "sha256sum" });
  });

  test("a directory that appears at the last moment gets no file inside", async () => {
    const { dir, path } = lateDirectory(shell);
    const report = await runInstall({ shell: { ...shell, path }, dir, bytes: A });
    expect(report.status).toBe("failed");
    expect(readdirSync(join(dir, "config.json"))).toEqual([]);
  });
});

/** A search path whose sync makes config.json a directory just before it syncs. */
function lateDirectory(shell: Shell): { dir: string; path: string } {
  const dir = newDir();
  const real = shell.path === undefined ? "/usr/bin:/bin" : shell.path;
  const tools = makeWrappers(`${dir}-tools`, {
    sync: `[ -d '${dir}/config.json' ] || mkdir '${dir}/config.json'; PATH=${real}; exec sync "$@"`,
  });
  return { dir, path: `${tools}:${real}` };
}
