import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Bed, upBed } from "../../bed/index.ts";
import { type CliRun, type CliUser, items, newCliUser, results } from "../cli.ts";
import { KUBELET_CONFIG, readNodeFile } from "../node-file.ts";
import { authsOf, base64, loginArgs } from "./host-tools.ts";

const SECRET = "canary-9917";

let bed: Bed;
let user: CliUser;
beforeAll(async () => {
  bed = await upBed({ name: `rollback-${process.pid}`, nodes: 2 });
  user = await newCliUser();
});
afterAll(async () => {
  await user?.remove();
  await bed?.down();
});
afterEach(() => sh("rm -rf /var/lib/kubelet/config.json /var/lib/kubelet/.pullcast"));

const sh = (script: string) =>
  Promise.all(bed.nodes.map(({ name }) => bed.exec(name, ["sh", "-c", script])));
const first = () => bed.nodes[0]?.name ?? "";
const hosts = (port?: number) =>
  bed.nodes
    .map(
      ({ name, address, port: own }, at) => `${name}=${address}:${at === 1 ? (port ?? own) : own}`,
    )
    .join(",");

async function run(command: string, ...more: string[]): Promise<CliRun> {
  const ended = await user.run([command, "-o", "json", ...loginArgs(bed), ...more]);
  expect(ended.stdout + ended.stderr).not.toMatch(new RegExp(`${SECRET}|${base64(SECRET)}`));
  return ended;
}
async function push(password: string, ...more: string[]) {
  const config = join(user.home, "config.json");
  await writeFile(config, authsOf({ "a.example": password }), { mode: 0o600 });
  return await run("push", "--config", config, ...more);
}
const runOf = (ended: CliRun) => (JSON.parse(ended.stdout) as { run: string }).run;
const content = async () => (await readNodeFile(bed, first()))?.content;
const ends = (ended: CliRun) => Object.values(results(ended));

describe("rollback", () => {
  it("undoes the last run to the byte, a second one undoes the first, and history tells it", async () => {
    const one = runOf(await push(`a:${SECRET}1`, "--hosts", hosts()));
    const before = await content();
    const two = runOf(await push(`a:${SECRET}2`, "--hosts", hosts()));
    const after = await content();
    const back = await run("rollback", "--hosts", hosts());
    expect(ends(back), back.stderr).toEqual(["updated", "updated"]);
    expect(items(back)[0]?.message).toContain(one);
    expect(await content()).toBe(before);
    const told = await run("history", "--hosts", hosts());
    expect(JSON.parse(told.stdout)).toMatchObject({
      kind: "HistoryReport",
      items: [
        {
          result: "read",
          runs: [
            { run: runOf(back), operation: "rollback", to: one, file: "current" },
            { run: two, operation: "push", file: "kept", keys: ["a.example"] },
            { run: one, operation: "push", file: "kept" },
          ],
        },
        {},
      ],
    });
    expect(ends(await run("rollback", "--hosts", hosts()))).toEqual(["updated", "updated"]);
    expect(await content()).toBe(after);
    const again = await run("rollback", "--to", one, "--hosts", hosts());
    expect(ends(again)).toEqual(["updated", "updated"]);
    expect(await content()).toBe(before);
    const none = await run("rollback", "--to", "20200101T000000Z-000000", "--hosts", hosts());
    expect(items(none)[0]).toMatchObject({ code: "PC351" });
  });

  it("of a first run brings back what stood there before, or removes the file", async () => {
    await push("a:1", "--hosts", hosts());
    expect(ends(await run("rollback", "--hosts", hosts()))).toEqual(["removed", "removed"]);
    expect(await content()).toBeUndefined();
  });

  it("keeps what others wrote meanwhile, byte for byte", async () => {
    const foreign = `"f.example" : {"auth":"${base64("f:f")}"}`;
    await sh(`umask 077; echo '{"auths":{ ${foreign} }}' >${KUBELET_CONFIG}`);
    await push("a:1", "--merge", "--hosts", hosts());
    await push("a:2", "--merge", "--hosts", hosts());
    await sh(`sed -i 's/{ "f/{ "n.example":{}, "f/' ${KUBELET_CONFIG}`);
    const back = await run("rollback", "--hosts", hosts());
    expect(ends(back), back.stderr).toEqual(["updated", "updated"]);
    const now = (await content()) ?? "";
    expect(now).toContain(foreign);
    expect(now).toContain('"n.example":{}');
    expect(now).toContain(base64("a:1"));
    expect(now).not.toContain(base64("a:2"));
  });

  it("refuses credentials that have ended since", async () => {
    const claims = base64(JSON.stringify({ exp: Math.floor(Date.now() / 1000) + 4 }));
    await push(`a:${base64('{"alg":"none"}')}.${claims}.x`, "--hosts", hosts());
    await push("a:2", "--hosts", hosts());
    await expect
      .poll(async () => items(await run("rollback", "--hosts", hosts(), "--quiet"))[0]?.code, {
        timeout: 20_000,
        interval: 500,
      })
      .toBe("PC350");
  });
});

describe("push --failed", () => {
  it("serves exactly the nodes that the last push did not", async () => {
    const partly = await push("a:1", "--hosts", hosts(1));
    expect(ends(partly)).toEqual(["updated", "failed"]);
    const stray = await push("a:1", "--failed", "--hosts", hosts());
    expect(stray.code).toBe(2);
    const wrong = await push("a:1", "--failed", "--run", "20200101T000000Z-000000");
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("PC352");
    // The record has the address that failed: nobody listens there, and nobody else is asked.
    const again = await push("a:1", "--failed");
    expect(results(again)).toEqual({ [bed.nodes[1]?.name ?? ""]: "failed" });
    await push("a:1", "--hosts", hosts());
    const nothing = await push("a:1", "--failed");
    expect(nothing.stderr).toContain("no node failed");
  });
});
