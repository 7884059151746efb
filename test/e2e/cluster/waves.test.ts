import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CliUser, items, newCliUser, results } from "../cli.ts";
import { readNodeFile } from "../node-file.ts";
import { useClusterBed } from "./cluster-bed.ts";

const bed = await useClusterBed();
const names = bed.nodes.map(({ name }) => name);
const every = (result: string) => Object.fromEntries(names.map((name) => [name, result]));

let user: CliUser;
beforeAll(async () => {
  user = await newCliUser();
});
afterAll(async () => {
  await user.run(["restore", ...cluster, ...login]);
  await user.remove();
});

const { cluster, ssh: login } = bed.flags;
const { ref: image } = bed.registry.images.find((one) => one.shell && !one.public) ?? { ref: "" };
const push = (config: string, ...more: string[]) =>
  user.run(["push", ...cluster, ...login, "--config", config, "-o", "json", ...more]);
const careful = [
  ...["--waves", "1,100%", "--restart-kubelet", "--verify-between", "--image", image],
  ...["--ca", bed.registry.ca],
];
const contents = () =>
  Promise.all(names.map(async (name) => (await readNodeFile(bed, name))?.content));

interface Item {
  readonly node: string;
  readonly wave: number;
  readonly pull?: { readonly result: string };
}

describe("waves that prove themselves", () => {
  it("go on only when each node of the wave pulls", async () => {
    const run = await push(bed.dockerConfig, ...careful);
    expect(run.code, run.stderr).toBe(0);
    expect(results(run)).toEqual(every("updated"));
    const rows = items(run) as unknown as Item[];
    expect(rows.map(({ pull }) => pull?.result)).toEqual(names.map(() => "pulled"));
    expect(rows.map(({ wave }) => wave).sort()).toEqual([1, 2, 2]);
  });

  it("stop wrong credentials at the canary, which gets back its file and goes on pulling", async () => {
    const before = await contents();
    const auths = JSON.parse(await readFile(bed.dockerConfig, "utf8")) as {
      auths: Record<string, { auth: string }>;
    };
    const wrong = join(user.home, "wrong.json");
    const auth = Buffer.from("robot:wrong-password").toString("base64");
    const bad = Object.fromEntries(Object.keys(auths.auths).map((key) => [key, { auth }]));
    await writeFile(wrong, JSON.stringify({ auths: bad }), { mode: 0o600 });
    const run = await push(wrong, ...careful, "--on-failure", "rollback");
    expect(run.code, run.stderr).toBe(4);
    const ends = Object.values(results(run)).sort();
    expect(ends).toEqual(["not-attempted", "not-attempted", "rolled-back"]);
    const canary = items(run).find(({ result }) => result === "rolled-back");
    expect(canary).toMatchObject({ code: "PC401", phase: "verify", restarted: true });
    expect(await contents()).toEqual(before);
    const verified = await user.run([
      ...["verify", ...cluster, "--image", image, "--ca", bed.registry.ca, "-o", "json"],
      canary?.node ?? "",
    ]);
    expect(Object.values(results(verified)), verified.stderr).toEqual(["pulled"]);
  });
});
