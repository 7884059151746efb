import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Bed, upBed } from "../../bed/index.ts";
import { type CliRun, type CliUser, items, newCliUser, results } from "../cli.ts";
import { KUBELET_CONFIG, readNodeFile } from "../node-file.ts";
import { authsOf, base64, hostArgs } from "./host-tools.ts";

const STATE = "/var/lib/kubelet/.pullcast";
const SECRET = "canary-5511";
/** As another tool may leave it. */
const FOREIGN = `{ "auths":{"f.example" : {"auth":"${base64(`f:${SECRET}`)}", "email":"x"} },\n "x":1}`;

let bed: Bed;
let user: CliUser;
beforeAll(async () => {
  bed = await upBed({ name: `changes-${process.pid}`, nodes: 2 });
  user = await newCliUser();
});
afterAll(async () => {
  await user?.remove();
  await bed?.down();
});
afterEach(() =>
  Promise.all(bed.nodes.map(({ name }) => bed.exec(name, ["rm", "-rf", KUBELET_CONFIG, STATE]))),
);

const names = () => bed.nodes.map(({ name }) => name);
const nodeArgs = () => hostArgs(bed);

async function run(command: string, logins: Readonly<Record<string, string>>, ...more: string[]) {
  const config = join(user.home, `config-${Object.keys(logins).join("-")}.json`);
  await writeFile(config, authsOf(logins), { mode: 0o600 });
  const ended = await user.run([command, "--config", config, "-o", "json", ...nodeArgs(), ...more]);
  expect(ended.stdout + ended.stderr).not.toMatch(new RegExp(`${SECRET}|${base64(SECRET)}`));
  return ended;
}

const put = (content: string, ...only: string[]) =>
  Promise.all(
    (only.length === 0 ? names() : only).map((name) =>
      bed.exec(name, ["sh", "-c", `umask 077; printf %s '${content}' >${KUBELET_CONFIG}`]),
    ),
  );
const contentOf = async (name: string | undefined) =>
  (await readNodeFile(bed, name ?? ""))?.content;

/** What is told of the first node: `change key`. */
const changes = (ended: CliRun) => {
  const [first] = items(ended) as unknown as {
    changes?: readonly { key: string; change: string }[];
  }[];
  return (first?.changes ?? []).map(({ change, key }) => `${change} ${key}`).sort();
};

describe("diff", () => {
  it("tells what a push would change, ends with 1, and with 0 after that push", async () => {
    const before = await run("diff", { "a.example": "a:1" });
    expect(before.code, before.stderr).toBe(1);
    expect(new Set(Object.values(results(before)))).toEqual(new Set(["would-update"]));
    expect(changes(before)).toEqual(["added a.example"]);
    expect(await contentOf(names()[0])).toBeUndefined();

    expect((await run("push", { "a.example": "a:1" })).code).toBe(0);
    const after = await run("diff", { "a.example": "a:1" });
    expect(after.code).toBe(0);
    expect(changes(after)).toEqual(["unchanged a.example"]);
    expect(changes(await run("diff", { "a.example": "a:2", "b.example": "b:1" }))).toEqual([
      "added b.example",
      "changed a.example",
    ]);
  });

  it("tells of others' entries, and that a plain push would be refused", async () => {
    await put(FOREIGN);
    const plain = await run("diff", { "a.example": "a:1" });
    expect(plain.code).toBe(4);
    expect(items(plain)[0]).toMatchObject({ result: "failed", code: "PC301" });
    expect(changes(plain)).toEqual(["added a.example", "removed f.example"]);
    const merged = await run("diff", { "a.example": "a:1" }, "--merge");
    expect(merged.code, merged.stderr).toBe(1);
    expect(changes(merged)).toEqual(["added a.example", "foreign f.example"]);
    expect(await contentOf(names()[0])).toBe(FOREIGN);
  });

  it("shows nodes with the same changes in one row for each entry", async () => {
    const config = join(user.home, "one.json");
    await writeFile(config, authsOf({ "a.example": "a:1" }), { mode: 0o600 });
    const ended = await user.run(["diff", "--config", config, ...nodeArgs()]);
    const rows = ended.stdout.split("\n").filter((line) => line.includes("a.example"));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatch(/would-update.*added/);
    expect(ended.stderr).toMatch(/Comparing with 2 nodes/);
  });

  it("ends with 2 or more where nobody can tell", async () => {
    const ended = await user.run(["diff", "--config", "/nonexistent", ...nodeArgs()]);
    expect(ended.code).toBe(6);
    const usage = await user.run(["diff", "--import-hidden", ...nodeArgs()]);
    expect(usage.code).toBe(2);
  });
});

describe("push --dry-run", () => {
  it("connects to no node, and with =server writes nothing there", async () => {
    const plan = await run("push", { "a.example": "a:1" }, "--dry-run", "--ssh-port", "1");
    expect(plan.code, plan.stderr).toBe(0);
    expect(JSON.parse(plan.stdout)).toMatchObject({
      kind: "PushReport",
      dryRun: "client",
      credentials: [{ key: "a.example", username: "a" }],
      items: names().map((node) => ({ node, result: "would-update" })),
    });
    const server = await run("push", { "a.example": "a:1" }, "--dry-run=server");
    expect(server.code).toBe(0);
    expect(JSON.parse(server.stdout)).toMatchObject({ dryRun: "server" });
    const [name = ""] = names();
    expect((await bed.exec(name, ["ls", "-A", "/var/lib/kubelet"])).stdout).not.toContain("config");
  });
});

describe("push --merge", () => {
  it("keeps others' entries byte for byte through push, change and removal of ours", async () => {
    await put(FOREIGN);
    const own = `"f.example" : {"auth":"${base64(`f:${SECRET}`)}", "email":"x"}`;
    const steps: readonly Record<string, string>[] = [
      { "a.example": "a:1", "b.example": "b:1" },
      { "b.example": "b:2" },
    ];
    for (const [at, logins] of steps.entries()) {
      // The source's name is part of the default field manager.
      const ended = await run("push", logins, "--merge", "--field-manager", "ci");
      expect(Object.values(results(ended)), ended.stderr).toEqual(["updated", "updated"]);
      const content = (await contentOf(names()[0])) ?? "";
      expect(content).toContain(own);
      expect(content).toContain('\n "x":1}');
      expect(Object.keys((JSON.parse(content) as { auths: object }).auths).sort()).toEqual(
        at === 0 ? ["a.example", "b.example", "f.example"] : ["b.example", "f.example"],
      );
    }
    const again = await run("push", { "b.example": "b:2" }, "--merge", "--field-manager", "ci");
    expect(Object.values(results(again))).toEqual(["unchanged", "unchanged"]);
    const plain = await run("push", { "b.example": "b:2" });
    expect(items(plain)[0]).toMatchObject({ code: "PC301" });
    const restored = await user.run(["restore", "-o", "json", ...nodeArgs()]);
    expect(Object.values(results(restored))).toEqual(["restored", "restored"]);
    expect(await contentOf(names()[0])).toBe(FOREIGN);
  });

  it("lets two operators at once lose nothing", async () => {
    for (let round = 0; round < 3; round += 1) {
      const [one, two] = await Promise.all([
        run("push", { "one.example": `one:${round}` }, "--merge", "--field-manager", "one"),
        run("push", { "two.example": `two:${round}` }, "--merge", "--field-manager", "two"),
      ]);
      expect([one.code, two.code], one.stderr + two.stderr).toEqual([0, 0]);
      for (const name of names()) {
        const content = (await contentOf(name)) ?? "";
        expect(content).toContain(base64(`one:${round}`));
        expect(content).toContain(base64(`two:${round}`));
      }
    }
  });

  it("names an entry that voids the file, and leaves it out on request", async () => {
    await put(`{"auths":{"bad.example":{"auth":7},"f.example":{"auth":"${base64("f:f")}"}}}`);
    const refused = await run("push", { "a.example": "a:1" }, "--merge");
    expect(items(refused)[0]).toMatchObject({
      code: "PC333",
      message: expect.stringContaining("bad.example"),
    });
    const dropped = await run("push", { "a.example": "a:1" }, "--merge", "--drop-invalid");
    expect(changes(dropped)).toEqual([
      "added a.example",
      "dropped bad.example",
      "foreign f.example",
    ]);
  });

  it("takes in a file that it would hide, on request", async () => {
    const hidden = "/.docker/config.json";
    const [name = ""] = names();
    const content = authsOf({ "h.example": "h:h" });
    await bed.exec(name, ["sh", "-c", `mkdir -p /.docker; printf %s '${content}' >${hidden}`]);
    try {
      const refused = await run("push", { "a.example": "a:1" }, "--merge", name);
      expect(items(refused)[0]).toMatchObject({ code: "PC302" });
      const taken = await run("push", { "a.example": "a:1" }, "--merge", "--import-hidden", name);
      expect(changes(taken), taken.stderr).toEqual(["added a.example", "foreign h.example"]);
      expect(items(taken)[0]?.message ?? taken.stdout).toContain(hidden);
    } finally {
      await bed.exec(name, ["rm", "-rf", "/.docker"]);
    }
  });
});
