import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Bed, upBed } from "../../bed/index.ts";
import { type CliUser, items, newCliUser, results } from "../cli.ts";
import { KUBELET_CONFIG, readNodeFile } from "../node-file.ts";
import { authsOf, base64, hostArgs } from "./host-tools.ts";

const SECRET = "canary-3391";
const FOREIGN = `{ "auths":{"f.example" : {"auth":"${base64("f:f")}", "email":"x"} },\n "x":1}`;

let bed: Bed;
let user: CliUser;
beforeAll(async () => {
  bed = await upBed({ name: `remove-${process.pid}`, nodes: 1 });
  user = await newCliUser();
});
afterAll(async () => {
  await user?.remove();
  await bed?.down();
});
afterEach(() =>
  sh("rm -rf /var/lib/kubelet/config.json /var/lib/kubelet/.pullcast /.docker /.dockercfg"),
);

const name = () => bed.nodes[0]?.name ?? "";
const sh = (script: string) => bed.exec(name(), ["sh", "-c", script]);
const nodeArgs = () => hostArgs(bed);

async function run(command: string, ...more: string[]) {
  const ended = await user.run([command, "-o", "json", ...nodeArgs(), ...more]);
  expect(ended.stdout + ended.stderr).not.toMatch(new RegExp(`${SECRET}|${base64(SECRET)}`));
  return { ...ended, result: Object.values(results(ended))[0], item: items(ended)[0] };
}
async function push(logins: Readonly<Record<string, string>>, ...more: string[]) {
  const config = join(user.home, "config.json");
  await writeFile(config, authsOf(logins), { mode: 0o600 });
  const ended = await run("push", "--config", config, ...more);
  expect(ended.result, ended.stderr).toBe("updated");
}
const content = async () => (await readNodeFile(bed, name()))?.content;
/** All that is below the kubelet's directory, with its bytes. */
const everything = async () => (await sh("cat $(find /var/lib/kubelet -type f)")).stdout;

describe("remove", () => {
  it("takes all of ours away, its history too, and brings back what stood there before", async () => {
    await sh(`printf %s '${FOREIGN}' >${KUBELET_CONFIG}`);
    for (const round of [1, 2, 3]) await push({ "a.example": `a:${SECRET}${round}` }, "--replace");
    const removed = await run("remove");
    expect(removed.result, removed.stderr).toBe("restored");
    expect(await content()).toBe(FOREIGN);
    expect(await everything()).not.toContain(base64(`a:${SECRET}`).slice(0, 16));
    expect((await run("remove")).result).toBe("unchanged");
  });

  it("tells what would go, and changes nothing", async () => {
    await push({ "a.example": `a:${SECRET}1`, "b.example": "b:1" });
    const before = await everything();
    for (const args of [[], ["--registry", "a.example"]]) {
      const would = await run("remove", "--dry-run", ...args);
      expect(would.result, would.stderr).toBe("would-update");
      const { changes } = would.item as unknown as { changes: { key: string; change: string }[] };
      expect(changes).toContainEqual({ key: "a.example", change: "removed" });
    }
    expect(await everything()).toBe(before);
    await run("remove");
    expect((await run("remove", "--dry-run")).result).toBe("unchanged");
  });

  it("takes one registry away, everywhere, and leaves the others", async () => {
    await push({ "a.example": `a:${SECRET}1`, "b.example/team": "b:1" });
    await push({ "a.example": `a:${SECRET}2`, "b.example/team": "b:2" });
    const removed = await run("remove", "--registry", "a.example");
    expect(removed.result, removed.stderr).toBe("updated");
    const left = await everything();
    expect(left).toContain(base64("b:2"));
    expect(left).not.toContain(base64(`a:${SECRET}`).slice(0, 16));
    expect(left).not.toContain(base64("b:1"));
    expect(JSON.parse((await content()) ?? "{}")).toEqual({
      auths: { "b.example/team": { auth: base64("b:2") } },
    });
    expect((await run("remove", "--registry", "b.example")).result).toBe("removed");
    expect(await content()).toBeUndefined();
  });

  it("leaves entries of others byte for byte", async () => {
    await sh(`umask 077; printf %s '${FOREIGN}' >${KUBELET_CONFIG}`);
    await push({ "a.example": `a:${SECRET}` }, "--merge");
    const removed = await run("remove");
    expect(removed.result, removed.stderr).toBe("updated");
    const now = (await content()) ?? "";
    expect(now).toContain(`"f.example" : {"auth":"${base64("f:f")}", "email":"x"}`);
    expect(now).toContain('\n "x":1}');
    expect(now).not.toContain("a.example");
  });

  it("tells each other place that still has a login for the registry", async () => {
    await push({ "a.example": `a:${SECRET}` });
    await sh(
      `mkdir -p /.docker; printf %s '${authsOf({ "a.example/team": "x:x" })}' >/.docker/config.json`,
    );
    await sh(`printf %s '{"a.example":{"auth":"${base64("y:y")}"}}' >/.dockercfg`);
    const removed = await run("remove", "--registry", "a.example");
    const told = JSON.stringify((removed.item as { warnings?: unknown } | undefined)?.warnings);
    expect(told).toContain("PC370");
    expect(told).toContain("/.docker/config.json (a.example/team)");
    expect(told).toContain("/.dockercfg (a.example)");
  });
});
