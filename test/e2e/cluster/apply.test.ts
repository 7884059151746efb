import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CliRun, type CliUser, newCliUser } from "../cli.ts";
import { useClusterBed } from "./cluster-bed.ts";

const bed = await useClusterBed();
const [first = "", second = "", third = ""] = bed.nodes.map(({ name }) => name);
const { cluster } = bed.flags;

let user: CliUser;
beforeAll(async () => {
  user = await newCliUser();
});
afterAll(async () => {
  await user.run(["restore", ...cluster, ...bed.flags.ssh]);
  await user.remove();
});

/** The pools' reports: the pool, its nodes and how each ended. */
function poolsOf(run: CliRun): unknown {
  const document = JSON.parse(run.stdout) as { items: object[] };
  return document.items.map((item) => {
    const { pool, items } = item as { pool: string; items: { node: string; result: string }[] };
    return [pool, Object.fromEntries(items.map(({ node, result }) => [node, result]))];
  });
}

async function fileWith(pools: string): Promise<string> {
  const file = join(user.home, "pullcast.yaml");
  const made = await user.run(["init", ...cluster, "-f", "-"]);
  const head = made.stdout.slice(0, made.stdout.indexOf("# For all pools"));
  const ssh = `ssh: { identities: [${bed.ssh.key}], knownHosts: [${bed.ssh.knownHosts}] }`;
  await writeFile(join(user.home, "docker.json"), await readFile(bed.dockerConfig), {
    mode: 0o600,
  });
  const defaults = `defaults:\n  ${ssh}\n  source: { configs: [docker.json] }\n`;
  await writeFile(file, `${head}${defaults}pools:\n${pools}`);
  return file;
}

it("a file made for the cluster is applied pool by pool, and what no pool has is told", async () => {
  const file = await fileWith(
    `- { name: one, nodes: [${first}] }\n- { name: two, nodes: [${second}] }\n`,
  );
  const run = await user.run(["apply", ...cluster, "-f", file, "-o", "json"]);
  expect(run.code, run.stderr).toBe(0);
  expect(poolsOf(run)).toEqual([
    ["one", { [first]: "updated" }],
    ["two", { [second]: "updated" }],
  ]);
  expect(run.stderr).toContain("PC153");
  expect(run.stderr).toContain(third);
  const again = await user.run(["apply", ...cluster, "-f", file, "--dry-run=server", "-o", "json"]);
  expect(poolsOf(again)).toEqual([
    ["one", { [first]: "unchanged" }],
    ["two", { [second]: "unchanged" }],
  ]);
});

it("a pool that fails keeps the later ones from being begun", async () => {
  const file = await fileWith(
    `- { name: one, nodes: [${first}], ssh: { port: 9 } }\n- { name: two, nodes: [${second}] }\n`,
  );
  const run = await user.run(["apply", ...cluster, "-f", file]);
  expect(run.code, run.stderr).toBe(4);
  expect(run.stderr).toMatch(/PC154 pools were not begun: two: one did not end well/);
  expect(run.stdout).not.toContain(second);
});

it("another cluster's file, and a node in two pools, are refused before anything is touched", async () => {
  const file = await fileWith("- { name: one }\n");
  const other = await readFile(file, "utf8");
  const foreign = join(user.home, "foreign.yaml");
  await writeFile(foreign, other.replace(/id: [0-9a-f]{8}/, "id: 00000000"));
  const refused = await user.run(["apply", ...cluster, "-f", foreign]);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("PC150")]);
  const twice = await fileWith(`- { name: one }\n- { name: two, nodes: [${second}] }\n`);
  const run = await user.run(["apply", ...cluster, "-f", twice]);
  expect([run.code, run.stderr]).toEqual([2, expect.stringContaining(`${second} (one, two)`)]);
});
