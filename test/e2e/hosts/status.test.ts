import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Bed, upBed } from "../../bed/index.ts";
import { type CliUser, newCliUser } from "../cli.ts";
import { KUBELET_CONFIG } from "../node-file.ts";
import { authsOf, base64, hostArgs } from "./host-tools.ts";

const SECRET = "canary-7713";

let bed: Bed;
let user: CliUser;
beforeAll(async () => {
  bed = await upBed({ name: `status-${process.pid}`, nodes: 2 });
  user = await newCliUser();
});
afterAll(async () => {
  await user?.remove();
  await bed?.down();
});
afterEach(() => sh("rm -rf /var/lib/kubelet/config.json /var/lib/kubelet/.pullcast /config.json"));

const sh = (script: string, ...only: string[]) =>
  Promise.all(
    (only.length === 0 ? bed.nodes.map(({ name }) => name) : only).map((name) =>
      bed.exec(name, ["sh", "-c", script]),
    ),
  );
const first = () => bed.nodes[0]?.name ?? "";
const second = () => bed.nodes[1]?.name ?? "";
const nodeArgs = () => hostArgs(bed);

async function push(login: string, ...more: string[]) {
  const config = join(user.home, "config.json");
  await writeFile(config, authsOf({ "a.example": login }), { mode: 0o600 });
  const run = await user.run(["push", "--config", config, "-q", ...nodeArgs(), ...more]);
  expect(run.code, run.stderr).toBe(0);
}

interface Item {
  readonly node: string;
  readonly state: string;
  readonly drift?: readonly string[];
}

async function status(...more: string[]) {
  const run = await user.run(["status", "-o", "json", ...nodeArgs(), ...more]);
  expect(run.stdout + run.stderr).not.toMatch(new RegExp(`${SECRET}|${base64(SECRET)}`));
  const { items } = JSON.parse(run.stdout) as { items: readonly Item[] };
  return { code: run.code, items, of: (name: string) => items.find(({ node }) => node === name) };
}

describe("status", () => {
  it("finds what a push left current, and tells its run, operator and keys", async () => {
    await push(`a:${SECRET}`);
    const { code, of } = await status();
    expect(code).toBe(0);
    expect(of(first())).toMatchObject({
      state: "current",
      run: expect.stringMatching(/^\d{8}T\d{6}Z-/),
      operator: expect.stringContaining("@"),
      keys: ["a.example"],
      effectiveBy: expect.any(String),
    });
  });

  it.each<[string, string, string, readonly string[] | undefined]>([
    ["a foreign edit", `echo >>${KUBELET_CONFIG}`, "drifted", ["foreign-edit"]],
    ["a deletion", `rm ${KUBELET_CONFIG}`, "missing", undefined],
    ["another mode", `chmod 644 ${KUBELET_CONFIG}`, "drifted", ["mode"]],
    ["another owner", `chown 1000 ${KUBELET_CONFIG}`, "drifted", ["owner"]],
    ["a link", `mv ${KUBELET_CONFIG} /tmp/x; ln -s /tmp/x ${KUBELET_CONFIG}`, "drifted", ["link"]],
    ["a directory", `rm ${KUBELET_CONFIG}; mkdir ${KUBELET_CONFIG}`, "unreadable", ["directory"]],
    ["a void file", `echo '{"auths":{"x":7}}' >${KUBELET_CONFIG}`, "unreadable", undefined],
    ["another tool's file", "rm -r /var/lib/kubelet/.pullcast", "drifted", ["other-tool"]],
  ])("names %s", async (...[, script, state, drift]) => {
    await push("a:1");
    await sh(script, first());
    const { code, of } = await status();
    expect(code).toBe(5);
    expect(of(first())).toMatchObject({ state, ...(drift === undefined ? {} : { drift }) });
    expect(of(second())).toMatchObject({ state: "current" });
  });

  it("names an older run, a node without a file, and one that can't be reached", async () => {
    await push("a:1");
    await push("a:2", second());
    const older = await status();
    expect(older.of(first())).toMatchObject({ state: "drifted", drift: ["older-run"] });
    expect(older.of(second())).toMatchObject({ state: "current" });
    const { code, items } = await status("--hosts", "gone=127.0.0.1:1");
    expect(code).toBe(3);
    expect(items.find(({ node }) => node === "gone")).toMatchObject({
      state: "unreachable",
      code: expect.stringMatching(/^PC2/),
    });
  });

  it("names what hides the file, and credentials that end soon", async () => {
    const claims = base64(JSON.stringify({ exp: Math.floor(Date.now() / 1000) + 7200 }));
    await push(`a:${base64('{"alg":"none"}')}.${claims}.x`);
    expect((await status()).of(first())).toMatchObject({ state: "expiring" });
    expect((await status("--expires-within", "1h")).of(first())).toMatchObject({
      state: "current",
    });
    // No kubelet runs here: with another directory given, the kubelet's own place comes before it.
    const other = "/var/lib/other";
    await sh(`mkdir -p ${other}`, first());
    await push("a:1", "--path", other, first());
    const hidden = await status("--path", other);
    expect(hidden.of(first())).toMatchObject({
      state: "hidden",
      message: expect.stringContaining(KUBELET_CONFIG),
    });
    await sh(`rm -rf ${other}`, first());
  });

  it("tells changes as they come with --watch, one document each, until Ctrl-C", async () => {
    await push("a:1");
    const { child, ended } = user.start([
      ...["status", "--watch", "--interval", "100ms", "-o", "json", ...nodeArgs()],
    ]);
    const documents: { items: Item[] }[] = [];
    let text = "";
    const seen = (count: number) =>
      vi.waitFor(() => expect(documents.length).toBeGreaterThanOrEqual(count), 20_000);
    child.stdout?.on("data", (piece: string) => {
      text += piece;
      // A document ends where its first brace closes.
      for (let end = text.indexOf("\n}\n"); end >= 0; end = text.indexOf("\n}\n")) {
        documents.push(JSON.parse(text.slice(0, end + 2)) as { items: Item[] });
        text = text.slice(end + 3);
      }
    });
    await seen(1);
    await sh(`chmod 644 ${KUBELET_CONFIG}`, second());
    await seen(2);
    await sh(`chmod 600 ${KUBELET_CONFIG}`, second());
    await seen(3);
    child.kill("SIGINT");
    expect((await ended).code).toBe(130);
    expect(documents[0]?.items.map(({ state }) => state)).toEqual(["current", "current"]);
    expect(documents.slice(1, 3).map(({ items }) => items)).toEqual([
      [expect.objectContaining({ node: second(), state: "drifted", drift: ["mode"] })],
      [expect.objectContaining({ node: second(), state: "current" })],
    ]);
  });
});
