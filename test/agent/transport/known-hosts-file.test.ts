import { execFile } from "node:child_process";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openHostKeyStore } from "../../../agent/transport/known-hosts-file.ts";

const run = promisify(execFile);

let dir: string;
let file: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-khf-"));
  file = join(dir, "known_hosts");
});

afterEach(() => rm(dir, { recursive: true, force: true }));

/** A blob of the right form; not a point on any curve. */
function blob(seed: number): Buffer {
  const type = Buffer.from("ssh-ed25519");
  return Buffer.concat([
    Buffer.from([0, 0, 0, type.length]),
    type,
    Buffer.from([0, 0, 0, 32]),
    Buffer.alloc(32, seed),
  ]);
}

function line(name: string, seed: number): string {
  return `${name} ssh-ed25519 ${blob(seed).toString("base64")}\n`;
}

describe("openHostKeyStore", () => {
  it("takes a missing file as empty", async () => {
    const store = await openHostKeyStore([file]);
    expect(store.judge("a", 22, blob(1)).type).toBe("unknown");
    expect(await readdir(dir)).toEqual([]);
  });

  it("reads all files", async () => {
    await writeFile(file, line("a", 1));
    await writeFile(`${file}2`, line("b", 2));
    const store = await openHostKeyStore([file, `${file}2`]);
    expect(store.judge("a", 22, blob(1)).type).toBe("known");
    expect(store.judge("b", 22, blob(2)).type).toBe("known");
  });

  it("refuses a directory and a FIFO, by name", async () => {
    await mkdir(file);
    await expect(openHostKeyStore([file])).rejects.toMatchObject({
      code: "PC215",
      detail: `${file}: it is not a file`,
    });
    await run("mkfifo", [`${file}2`]);
    await expect(openHostKeyStore([`${file}2`])).rejects.toMatchObject({ code: "PC215" });
  });

  it("refuses a link to nothing: what stood there is not known", async () => {
    await symlink(join(dir, "gone"), file);
    await expect(openHostKeyStore([file])).rejects.toMatchObject({ code: "PC215" });
  });

  it("refuses a path through a file", async () => {
    await writeFile(file, "");
    await expect(openHostKeyStore([join(file, "x")])).rejects.toMatchObject({ code: "PC215" });
  });

  it.skipIf(process.getuid?.() === 0)("refuses a file that can't be read", async () => {
    await writeFile(file, "");
    await chmod(file, 0);
    await expect(openHostKeyStore([file])).rejects.toMatchObject({ code: "PC215" });
  });
});

describe("record", () => {
  it("makes the file 0600 and its directory 0700", async () => {
    const deep = join(dir, "new", "known_hosts");
    const store = await openHostKeyStore([deep]);
    expect(await store.record({ host: "a", port: 22, blob: blob(1) })).toEqual({ type: "unknown" });
    expect(await readFile(deep, "utf8")).toBe(line("a", 1));
    expect((await stat(deep)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, "new"))).mode & 0o777).toBe(0o700);
  });

  it("keeps what is there, and ends an open line first", async () => {
    await writeFile(file, `# mine\n${line("b", 2).trimEnd()}`, { mode: 0o644 });
    const store = await openHostKeyStore([file]);
    await store.record({ host: "node", port: 2222, blob: blob(1) });
    expect(await readFile(file, "utf8")).toBe(`# mine\n${line("b", 2)}${line("[node]:2222", 1)}`);
    expect((await stat(file)).mode & 0o777).toBe(0o644);
  });

  it("adds each key once, whole, with many writers in and beside the process", async () => {
    const stores = await Promise.all([1, 2, 3, 4].map(() => openHostKeyStore([file])));
    await Promise.all(
      Array.from({ length: 20 }, (_, node) =>
        Promise.all(
          stores.map((store) => store.record({ host: `node-${node}`, port: 22, blob: blob(node) })),
        ),
      ),
    );
    const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
    const wanted = Array.from({ length: 20 }, (_, node) => line(`node-${node}`, node).trimEnd());
    expect(lines.sort()).toEqual(wanted.sort());
    expect(await readdir(dir)).toEqual(["known_hosts"]);
  });

  it("writes a name hashed where that is wanted, so that ssh-keygen and the next run find it", async () => {
    const store = await openHostKeyStore([file]);
    const key = { host: "node", port: 2222, blob: blob(1), hashed: true };
    await store.record(key);
    expect((await store.record(key)).type).toBe("known");
    expect(await readFile(file, "utf8")).toMatch(/^\|1\|\S+\|\S+ ssh-ed25519 \S+\n$/);
    const { stdout } = await run("ssh-keygen", ["-F", "[node]:2222", "-f", file]);
    expect(stdout).toContain("found: line 1");
  });

  it("looks again under the lock: somebody else may have added another key", async () => {
    const store = await openHostKeyStore([file]);
    await writeFile(file, line("a", 9));
    expect((await store.record({ host: "a", port: 22, blob: blob(1) })).type).toBe("changed");
    expect(await readFile(file, "utf8")).toBe(line("a", 9));
  });

  it("gets past the lock of a writer that died", async () => {
    await writeFile(`${file}.lock`, "");
    await utimes(`${file}.lock`, 1, 1);
    const store = await openHostKeyStore([file]);
    expect((await store.record({ host: "a", port: 22, blob: blob(1) })).type).toBe("unknown");
  });

  it("gets past a lock of the future: its writer's clock was set back", async () => {
    await writeFile(`${file}.lock`, "");
    const later = Date.now() / 1000 + 3600;
    await utimes(`${file}.lock`, later, later);
    const store = await openHostKeyStore([file]);
    expect((await store.record({ host: "a", port: 22, blob: blob(1) })).type).toBe("unknown");
    expect(await readdir(dir)).toEqual(["known_hosts"]);
  });

  it("refuses names that would mean something else in the file", async () => {
    const store = await openHostKeyStore([file]);
    for (const name of ["a b", "a,b", "*", "a\nb", "#a", "|1|a", "@revoked"]) {
      await expect(store.record({ host: name, port: 22, blob: blob(1) })).rejects.toMatchObject({
        code: "PC215",
      });
    }
    expect(await readdir(dir)).toEqual([]);
  });

  it("says so where the file can't be written", async () => {
    const store = await openHostKeyStore([file]);
    await mkdir(file);
    await expect(store.record({ host: "a", port: 22, blob: blob(1) })).rejects.toMatchObject({
      code: "PC215",
    });
    expect(await readdir(dir)).toEqual(["known_hosts"]);
  });
});
