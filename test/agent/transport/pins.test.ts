import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type HostPin, pinHostKeys, pinOf } from "../../../agent/transport/pins.ts";
import { sshString } from "../../../agent/transport/public-blob.ts";

const run = promisify(execFile);

let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-pins-"));
  file = join(dir, "state", "known_hosts");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const NODE = { name: "worker-1", uid: "0A1B-2c" };

/** A blob of the right form; not a point on any curve. */
function blob(seed: number, type = "ssh-ed25519"): Buffer {
  return Buffer.concat([sshString(type), sshString(Buffer.alloc(32, seed))]);
}

function line(key: Buffer, type = "ssh-ed25519"): string {
  return `node/0a1b-2c ${type} ${key.toString("base64")} worker-1\n`;
}

function own(node = NODE): HostPin {
  return pinOf(node, { pinFile: file }) as HostPin;
}

async function pin(blobs: readonly Buffer[], { replace = false, to = own() } = {}) {
  return (await pinHostKeys(to, { blobs, replace })).type;
}

describe("pinHostKeys", () => {
  it("keeps all keys of a node under its UID, in a file of the user's alone", async () => {
    expect(await pin([blob(1), blob(2, "ssh-rsa")])).toBe("trusted");
    expect(await readFile(file, "utf8")).toBe(line(blob(1)) + line(blob(2, "ssh-rsa"), "ssh-rsa"));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, "state"))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(dir, "state"))).toEqual(["known_hosts"]);
  });

  it("writes lines that ssh-keygen finds by their name", async () => {
    await pin([blob(1)]);
    const { stdout } = await run("ssh-keygen", ["-F", "node/0a1b-2c", "-f", file]);
    expect(stdout).toContain("found: line 1");
  });

  it("changes nothing where the same keys are pinned, fewer of them, or in another order", async () => {
    await pin([blob(1), blob(2, "ssh-rsa")]);
    const before = await readFile(file, "utf8");
    expect(await pin([blob(2, "ssh-rsa"), blob(1)])).toBe("unchanged");
    expect(await pin([blob(1)], { replace: true })).toBe("unchanged");
    expect(await readFile(file, "utf8")).toBe(before);
  });

  it("adds a key of a further type", async () => {
    await pin([blob(1)]);
    expect(await pin([blob(1), blob(2, "ssh-rsa")])).toBe("trusted");
    expect(await readFile(file, "utf8")).toBe(line(blob(1)) + line(blob(2, "ssh-rsa"), "ssh-rsa"));
  });

  it.each([
    ["another key of the type", [blob(9)]],
    ["one key that is the same and one that is not", [blob(9), blob(2, "ssh-rsa")]],
    ["only keys of other types", [blob(1, "ecdsa-sha2-nistp256")]],
  ])("refuses %s, and takes it with replace", async (_, blobs) => {
    await pin([blob(1), blob(2, "ssh-rsa")]);
    const other = own({ name: "worker-2", uid: "0a1b-2c3" });
    await pin([blob(3)], { to: other });
    const before = await readFile(file, "utf8");
    expect(await pinHostKeys(own(), { blobs, replace: false })).toMatchObject({
      type: "differs",
      pinned: [{ line: 1 }, { line: 2 }],
    });
    expect(await readFile(file, "utf8")).toBe(before);
    expect(await pin(blobs, { replace: true })).toBe("replaced");
    expect(await pin(blobs)).toBe("unchanged");
    // The neighbour's stay.
    expect(await pin([blob(3)], { to: other })).toBe("unchanged");
    expect((await readFile(file, "utf8")).split("\n").length - 1).toBe(blobs.length + 1);
  });

  it("adds to a file that the user named, and never rewrites it", async () => {
    const mine = join(dir, "mine");
    await writeFile(mine, "# mine\n10.0.0.7 ssh-rsa AAAA");
    const to = pinOf(NODE, { pinFile: file, knownHosts: [mine] }) as HostPin;
    expect(await pin([blob(1)], { to })).toBe("trusted");
    expect(await pin([blob(9)], { to, replace: true })).toBe("differs");
    expect(await readFile(mine, "utf8")).toBe(`# mine\n10.0.0.7 ssh-rsa AAAA\n${line(blob(1))}`);
  });

  it("loses no line to runs beside each other, whether they add or replace", {
    timeout: 60_000,
  }, async () => {
    const start = (node: number, key: number) =>
      run(process.execPath, [
        ...["scripts/run.mjs", "test/rig/pin-keys.ts", file],
        ...[`worker-${node}`, `uid-${node}`, blob(key).toString("base64")],
      ]);
    await start(0, 100);
    const words = await Promise.all(
      // Nodes 1 to 5 are new, each pinned by two runs; all of them change node 0.
      [1, 2, 3, 4, 5].flatMap((node) => [start(node, node), start(node, node), start(0, node)]),
    );
    const said = words.map(({ stdout }) => stdout.trim());
    expect(said.filter((word) => word === "trusted")).toHaveLength(5);
    expect(said.filter((word) => word === "unchanged")).toHaveLength(5);
    expect(said.filter((word) => word === "replaced")).toHaveLength(5);
    const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
    expect(lines.map((text) => text.split(" ")[0]).sort()).toEqual(
      [0, 1, 2, 3, 4, 5].map((node) => `node/uid-${node}`),
    );
    expect(await readdir(join(dir, "state"))).toEqual(["known_hosts"]);
  });
});
