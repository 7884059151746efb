import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Bed, upBed } from "../../bed/index.ts";
import { type CliUser, items, newCliUser, results } from "../cli.ts";
import { KUBELET_CONFIG, readNodeFile, writeNodeFile } from "../node-file.ts";
import { authsOf, base64, hostArgs } from "./host-tools.ts";

const SECRET = "canary-6218";

let bed: Bed;
let user: CliUser;
beforeAll(async () => {
  bed = await upBed({ name: `waves-${process.pid}`, nodes: 3 });
  user = await newCliUser();
});
afterAll(async () => {
  await user?.remove();
  await bed?.down();
});
afterEach(() =>
  Promise.all(
    names().map((name) =>
      bed.exec(name, [
        "sh",
        "-c",
        "rm -rf /var/lib/kubelet/config.json /var/lib/kubelet/.pullcast",
      ]),
    ),
  ),
);

const names = () => bed.nodes.map(({ name }) => name);
const contents = () =>
  Promise.all(names().map(async (name) => (await readNodeFile(bed, name))?.content));
/** A node where nobody listens, after or before the real ones. */
const GONE = "gone=127.0.0.1:1";

async function push(login: string, ...more: string[]) {
  const config = join(user.home, "config.json");
  await writeFile(config, authsOf({ "a.example": login }), { mode: 0o600 });
  const ended = await user.run([
    ...["push", "--config", config, "-o", "json", "--connect-timeout", "2s"],
    ...hostArgs(bed),
    ...more,
  ]);
  expect(ended.stdout + ended.stderr).not.toMatch(new RegExp(`${SECRET}|${base64(SECRET)}`));
  const report = JSON.parse(ended.stdout) as {
    waves?: { wave: number; nodes: number; failed: number }[];
    stopped?: { code: string };
  };
  return { ...ended, ...report, results: results(ended) };
}

describe("waves", () => {
  it("follow each other, each node's report tells its wave, and the plan tells their sizes", async () => {
    const run = await push(`a:${SECRET}`, "--waves", "1,100%");
    expect(run.code, run.stderr).toBe(0);
    expect(run.waves?.map(({ nodes, failed }) => [nodes, failed])).toEqual([
      [1, 0],
      [2, 0],
    ]);
    expect(items(run).map((item) => (item as { wave?: number }).wave)).toEqual([1, 2, 2]);
    expect(run.stderr).toContain("Waves of 1, 2; a failure ends the run");
    expect(run.stderr).toContain(`Wave 1 of 2: ${names()[0]}`);
  });

  it("end with the first failure, and push --failed goes on with the nodes that are left", async () => {
    const wave = ["--waves", "1,2,100%"];
    const run = await push("a:1", "--hosts", GONE, ...wave, "--exclude", names()[0] ?? "");
    expect(run.code, run.stderr).toBe(3);
    const [, second = "", third = ""] = names();
    expect(run.results).toEqual({ [second]: "updated", [third]: "updated", gone: "failed" });
    const stopped = await push("a:2", "--hosts", GONE, "--wave-by", "pool", "--max-failures", "0");
    expect(stopped.results["gone"]).toBe("failed");
  });

  it("stop before the nodes that come after a failure", async () => {
    const [first = "", ...others] = names();
    // A directory in its place refuses the push.
    await bed.exec(first, ["mkdir", KUBELET_CONFIG]);
    const run = await push("a:1", "--waves", "1,100%");
    expect(run.code, run.stderr).toBe(4);
    expect(run.results).toEqual({
      [first]: "failed",
      ...Object.fromEntries(others.map((name) => [name, "not-attempted"])),
    });
    expect(run.stopped?.code).toBe("PC140");
    expect(run.stderr).toContain("PC140");
    expect((await contents()).slice(1)).toEqual([undefined, undefined]);
    await bed.exec(first, ["rmdir", KUBELET_CONFIG]);
    const config = join(user.home, "config.json");
    const login = ["-i", bed.ssh.key, "--known-hosts", bed.ssh.knownHosts];
    const again = await user.run(["push", "--config", config, "--failed", ...login, "-o", "json"]);
    expect(again.code, again.stderr).toBe(0);
    expect(results(again)).toEqual(Object.fromEntries(names().map((name) => [name, "updated"])));
  });

  it("are rolled back as a whole: each file is what it was, byte for byte", async () => {
    const [first = "", second = "", third = ""] = names();
    // One with our earlier file, one with another's, one with none; then the last wave fails.
    await push("a:1", "--exclude", second, "--exclude", third);
    const foreign = `{"auths":{"f.example":{"auth":"${base64("f:f")}"}}}`;
    await writeNodeFile(bed, { node: second, path: KUBELET_CONFIG, content: foreign });
    const before = await contents();
    const run = await push(
      `a:${SECRET}`,
      ...["--hosts", GONE, "--replace", "--waves", "3,100%", "--on-failure", "rollback"],
    );
    expect(run.code, run.stderr).toBe(4);
    expect(run.results).toEqual({
      [first]: "rolled-back",
      [second]: "rolled-back",
      [third]: "rolled-back",
      gone: "failed",
    });
    expect(await contents()).toEqual(before);
    for (const name of names()) {
      const { stdout } = await bed.exec(name, ["sh", "-c", "cat $(find /var/lib/kubelet -type f)"]);
      expect(stdout).not.toContain(base64(`a:${SECRET}`));
    }
    expect(run.stderr).toContain("Rolling back on");
    // What is back counts as ours: the next push needs no --replace where nothing of others stands.
    const next = await push("a:3", "--exclude", second);
    expect(next.results).toEqual({ [first]: "updated", [third]: "updated" });
  });

  it("go on whatever fails, where that is wanted", async () => {
    const run = await push("a:1", "--hosts", GONE, "--waves", "1,100%", "--on-failure", "continue");
    expect(run.code, run.stderr).toBe(3);
    expect(Object.values(run.results)).toEqual(["updated", "updated", "updated", "failed"]);
  });

  it("pause where they are told to: without a terminal the run ends there, and says how to go on", async () => {
    const run = await push("a:1", "--waves", "1,100%", "--pause-after", "1");
    expect(run.code, run.stderr).toBe(3);
    expect(Object.values(run.results)).toEqual(["updated", "not-attempted", "not-attempted"]);
    expect(run.stopped?.code).toBe("PC141");
    expect(run.stderr).toContain("pullcast push --failed");
  });

  it("are told event by event in a file, and as a whole in another, for programs", async () => {
    const [events, report] = ["events.ndjson", "report.xml"].map((name) => join(user.home, name));
    const run = await push(
      `a:${SECRET}`,
      ...["--waves", "1,100%", "--events", events ?? "", "--report", report ?? ""],
    );
    expect(run.code, run.stderr).toBe(0);
    const text = await readFile(events ?? "", "utf8");
    const types = text
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types[0]).toBe("stream");
    expect(types.at(-1)).toBe("report");
    const counted = (type: string) => types.filter((one) => one === type).length;
    expect([counted("planned"), counted("wave-finished"), counted("node-finished")]).toEqual([
      ...[1, 2, 3],
    ]);
    expect(await readFile(report ?? "", "utf8")).toContain('tests="3" failures="0"');
    expect(text).not.toMatch(new RegExp(`${SECRET}|${base64(SECRET)}`));
  });
});
