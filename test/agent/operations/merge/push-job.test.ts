import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { composeConfig } from "../../../../agent/credentials/compose.ts";
import { composeRestore } from "../../../../agent/node/compose.ts";
import { lookAt } from "../../../../agent/operations/merge/look-and-write.ts";
import { type PushMode, pushJob } from "../../../../agent/operations/merge/push-job.ts";
import { oneProgram } from "../../../../agent/operations/node-try.ts";
import { Secret } from "../../../../agent/secret.ts";
import { makeArena } from "../../../rig/arena.ts";
import { loadedConfig } from "../../../rig/loaded-config.ts";
import { runLocally } from "../../../rig/local-node.ts";
import { request } from "../../node/request.ts";
import { findShells, type RunOptions } from "../../node/shells.ts";

const arena = makeArena();
const shells = findShells(arena.dir);
afterAll(arena.remove);
const { newDir } = arena;
const [dash] = shells;
if (dash === undefined) throw new Error("there is no shell");

const base64 = (text: string) => Buffer.from(text).toString("base64");
/** Logins by key: `user:password`. */
type Logins = Readonly<Record<string, string>>;

let runs = 0;
function nextRun(): string {
  runs += 1;
  return `20260101T${String(runs).padStart(6, "0")}Z-abcdef`;
}

interface Push extends Partial<PushMode> {
  readonly manager?: string;
  readonly run?: string;
  readonly between?: (round: number) => Promise<void>;
  readonly edit?: RunOptions["edit"];
  readonly shell?: (typeof shells)[number];
}

function push(dir: string, logins: Logins, options: Push = {}) {
  const { manager = "m", run = nextRun(), between, edit, shell = dash, ...mode } = options;
  const job = pushJob({
    merge: true,
    dropInvalid: false,
    importHidden: false,
    replace: false,
    dryRun: false,
    ...mode,
    config: loadedConfig(logins),
    story: {
      run,
      at: "2026-01-01T00:00:00.000Z",
      operation: "push",
      operator: "o",
      source: "s",
      manager,
    },
    request: ({ nonce }) => ({ ...request(dir, { run, replace: mode.replace ?? false }), nonce }),
  });
  return runLocally(shell as NonNullable<typeof dash>, job, {
    ...(between && { between }),
    ...(edit && { edit }),
  });
}

const read = (dir: string) => readFileSync(join(dir, "config.json"), "utf8");
const state = (dir: string) => readdirSync(join(dir, ".pullcast")).sort();

/** Keys and logins as they stand in the file. */
function logins(dir: string): Logins {
  const { auths } = JSON.parse(read(dir)) as { auths: Record<string, { auth?: string }> };
  return Object.fromEntries(
    Object.entries(auths).map(([key, { auth = "" }]) => [
      key,
      Buffer.from(auth, "base64").toString(),
    ]),
  );
}

const canonical = (wanted: Logins) =>
  Buffer.from(
    composeConfig(
      Object.entries(wanted)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, login]) => ({ key, auth: new Secret(base64(login)) })),
    ),
  ).toString();

const changesOf = (answer: { changes?: readonly { key: string; change: string }[] }) =>
  Object.fromEntries((answer.changes ?? []).map(({ key, change }) => [key, change]));

const FOREIGN = `{ "auths":{"f.example" : {"auth":"${base64("f:f")}", "email":"x"} },\n "x":1}`;

describe.each(shells)("a merge by $name", (shell) => {
  test("keeps what others wrote byte for byte, and takes back what is ours alone", async () => {
    const dir = newDir();
    writeFileSync(join(dir, "config.json"), FOREIGN);
    const first = await push(dir, { a: "a:1", b: "b:1" }, { shell });
    expect(first).toMatchObject({ status: "done", what: "updated" });
    expect(changesOf(first)).toEqual({ "f.example": "foreign", a: "added", b: "added" });
    expect(read(dir)).toContain(`"f.example" : {"auth":"${base64("f:f")}", "email":"x"}`);
    expect(read(dir)).toContain('\n "x":1}');
    expect(statSync(join(dir, "config.json")).mode & 0o777).toBe(0o600);

    const second = await push(dir, { b: "b:2" }, { shell });
    expect(changesOf(second)).toEqual({ "f.example": "foreign", a: "removed", b: "changed" });
    expect(logins(dir)).toEqual({ "f.example": "f:f", b: "b:2" });

    const before = statSync(join(dir, "config.json"), { bigint: true });
    expect(await push(dir, { b: "b:2" }, { shell })).toMatchObject({ what: "unchanged" });
    const after = statSync(join(dir, "config.json"), { bigint: true });
    expect([after.ino, after.ctimeNs]).toEqual([before.ino, before.ctimeNs]);
  });

  test("a restore after merges brings the first file back", async () => {
    const dir = newDir();
    writeFileSync(join(dir, "config.json"), FOREIGN, { mode: 0o640 });
    await push(dir, { a: "a:1" }, { shell });
    await push(dir, { a: "a:2" }, { shell });
    const restored = await runLocally(
      shell,
      oneProgram(({ nonce }) => composeRestore({ ...request(dir), nonce })),
    );
    expect(restored).toMatchObject({ status: "done", what: "restored" });
    expect(read(dir)).toBe(FOREIGN);
    expect(statSync(join(dir, "config.json")).mode & 0o777).toBe(0o640);
    expect(readdirSync(dir)).toEqual(["config.json"]);
  });

  test("five earlier files are kept, and none from more than 90 days before", async () => {
    const dir = newDir();
    const at = (day: string) => `${day}T000000Z-abcdef`;
    await push(dir, { a: "a:0" }, { shell, merge: false, run: at("20250101") });
    for (let round = 1; round <= 7; round += 1) {
      await push(dir, { a: `a:${round}` }, { shell, merge: false, run: at(`2026010${round}`) });
    }
    expect(state(dir)).toEqual([
      ...[2, 3, 4, 5, 6].map((day) => `past-${at(`2026010${day}`)}`),
      "record.a",
      "record.b",
      ...[2, 3, 4, 5, 6, 7].map((day) => `story-${at(`2026010${day}`)}`),
    ]);
    await push(dir, { a: "a:8" }, { shell, merge: false, run: at("20260405") });
    expect(state(dir).filter((name) => name.startsWith("past-"))).toEqual(
      [5, 6, 7].map((day) => `past-${at(`2026010${day}`)}`),
    );
  });
});

test("a dry run tells what would be changed, and changes nothing", async () => {
  const dir = newDir();
  writeFileSync(join(dir, "config.json"), FOREIGN);
  const before = statSync(join(dir, "config.json"), { bigint: true });
  const merged = await push(dir, { a: "a:1" }, { dryRun: true });
  expect(merged).toMatchObject({ status: "done", what: "probed", dryRun: true });
  expect(changesOf(merged)).toEqual({ "f.example": "foreign", a: "added" });
  const refused = await push(dir, { a: "a:1" }, { dryRun: true, merge: false });
  expect(refused).toMatchObject({ status: "failed", code: "PC301" });
  expect(changesOf(refused)).toEqual({ "f.example": "removed", a: "added" });
  const replaced = await push(
    dir,
    { "f.example": "f:f" },
    { dryRun: true, merge: false, replace: true },
  );
  expect(replaced).toMatchObject({ status: "done", what: "probed" });
  expect(changesOf(replaced)).toEqual({ "f.example": "unchanged" });
  const after = statSync(join(dir, "config.json"), { bigint: true });
  expect([after.ino, after.ctimeNs]).toEqual([before.ino, before.ctimeNs]);
  expect(readdirSync(dir)).toEqual(["config.json"]);
});

describe("entries of others", () => {
  test("with a key that is wanted refuse the merge, until they may be replaced", async () => {
    const dir = newDir();
    writeFileSync(join(dir, "config.json"), FOREIGN);
    const refused = await push(dir, { "f.example": "mine:1" });
    expect(refused).toMatchObject({ status: "failed", code: "PC331" });
    expect(refused.status === "failed" && refused.detail).toContain("f.example");
    expect(read(dir)).toBe(FOREIGN);
    expect(await push(dir, { "f.example": "mine:1" }, { replace: true })).toMatchObject({
      what: "updated",
    });
    expect(logins(dir)).toEqual({ "f.example": "mine:1" });
  });

  test("that are equal to what is wanted stay when we no longer want them", async () => {
    const dir = newDir();
    writeFileSync(join(dir, "config.json"), FOREIGN);
    expect(changesOf(await push(dir, { "f.example": "f:f", a: "a:1" }))).toEqual({
      "f.example": "unchanged",
      a: "added",
    });
    expect(changesOf(await push(dir, { a: "a:1" }))).toEqual({
      "f.example": "foreign",
      a: "unchanged",
    });
    expect(logins(dir)).toEqual({ "f.example": "f:f", a: "a:1" });
  });

  test("that void the file are named, and left out only on request", async () => {
    const dir = newDir();
    const bad = `{"auths":{"bad":{"auth":7},"f":{"auth":"${base64("f:f")}"}}}`;
    writeFileSync(join(dir, "config.json"), bad);
    const refused = await push(dir, { a: "a:1" });
    expect(refused).toMatchObject({ status: "failed", code: "PC333" });
    expect(refused.status === "failed" && refused.detail).toContain('"bad"');
    expect(read(dir)).toBe(bad);
    const dropped = await push(dir, { a: "a:1" }, { dropInvalid: true });
    expect(changesOf(dropped)).toEqual({ bad: "dropped", f: "foreign", a: "added" });
    expect(logins(dir)).toEqual({ f: "f:f", a: "a:1" });
  });

  test.each<[string, (file: string) => void]>([
    ["no JSON", (file) => writeFileSync(file, "{,}")],
    ["a directory", (file) => mkdirSync(file)],
    ["a link", (file) => symlinkSync("/etc/hostname", file)],
    ["more than 1 MiB", (file) => writeFileSync(file, Buffer.alloc(1_100_000, 32))],
  ])("in %s can't be kept, so it is left alone", async (_what, make) => {
    const dir = newDir();
    make(join(dir, "config.json"));
    expect(await push(dir, { a: "a:1" })).toMatchObject({ status: "failed", code: "PC333" });
    expect(readdirSync(dir)).toEqual(["config.json"]);
  });

  test("written into our file since are kept by a merge and refuse a plain push", async () => {
    const dir = newDir();
    await push(dir, { a: "a:1" });
    expect(read(dir)).toBe(canonical({ a: "a:1" }));
    writeFileSync(join(dir, "config.json"), read(dir).replace('"a"', '"z":{},"a"'));
    expect(changesOf(await push(dir, { b: "b:1" }))).toEqual({
      a: "removed",
      z: "foreign",
      b: "added",
    });
    // The merged file is known, and still not ours as a whole.
    expect(await push(dir, { b: "b:1" }, { merge: false })).toMatchObject({ code: "PC301" });
    const restore = oneProgram(({ nonce }) => composeRestore({ ...request(dir), nonce }));
    expect(await runLocally(dash, restore)).toMatchObject({ code: "PC318" });
  });
});

test("a change between look and write is never lost: the merge looks anew", async () => {
  const dir = newDir();
  writeFileSync(join(dir, "config.json"), FOREIGN);
  const other = FOREIGN.replace("f:f", "f:f").replace('"x":1', '"x":2');
  const done = await push(
    dir,
    { a: "a:1" },
    {
      between: async (round) => {
        if (round === 1) writeFileSync(join(dir, "config.json"), other);
      },
    },
  );
  expect(done).toMatchObject({ what: "updated" });
  expect(read(dir)).toContain('"x":2');
  let count = 0;
  const lost = await push(
    dir,
    { a: "a:2" },
    {
      between: async () => {
        count += 1;
        writeFileSync(join(dir, "config.json"), `{"auths":{},"n":${count}}`);
      },
    },
  );
  expect(lost).toMatchObject({ status: "failed", code: "PC330" });
  expect(count).toBe(9);
});

describe("two operators at once", () => {
  /** One looks, the other does all of its push, the first writes: what is left of both? */
  async function race(edit?: RunOptions["edit"]) {
    const dir = newDir();
    await push(dir, { a: "a:0" }, { manager: "one" });
    const first = await push(
      dir,
      { a: "a:1" },
      {
        manager: "one",
        ...(edit && { edit }),
        between: async (round) => {
          if (round === 1) await push(dir, { b: "b:1" }, { manager: "two" });
        },
      },
    );
    expect(first.status).toBe("done");
    return logins(dir);
  }

  test("lose nothing: the later one looks anew", async () => {
    expect(await race()).toEqual({ a: "a:1", b: "b:1" });
  });

  test("would lose an entry without the comparison", async () => {
    const blind = await race((parts) => {
      const program = parts.program.replace(/\[ "\$old" = "\$expect" \] \|\| fail PC330.*/, ":");
      if (parts.header.includes(" install ")) expect(program).not.toBe(parts.program);
      return { ...parts, program };
    });
    expect(blind).toEqual({ a: "a:1" });
  });

  test("lose nothing side by side, whoever comes first", { timeout: 60_000 }, async () => {
    const dir = newDir();
    for (let round = 0; round < 5; round += 1) {
      const ends = await Promise.all([
        push(dir, { one: `one:${round}` }, { manager: "one" }),
        push(dir, { two: `two:${round}` }, { manager: "two" }),
      ]);
      expect(ends.map(({ status }) => status)).toEqual(["done", "done"]);
      expect(logins(dir)).toEqual({ one: `one:${round}`, two: `two:${round}` });
    }
  });
});

test("a file with another mode is put right, and counts as unchanged", async () => {
  const dir = newDir();
  await push(dir, { a: "a:1" });
  chmodSync(join(dir, "config.json"), 0o644);
  expect(await push(dir, { a: "a:1" })).toMatchObject({ what: "unchanged" });
  expect(statSync(join(dir, "config.json")).mode & 0o777).toBe(0o600);
});

describe("field managers", () => {
  test("keep their own entries, and share those that are equal", async () => {
    const dir = newDir();
    await push(dir, { a: "a:1", shared: "s:1" }, { manager: "one" });
    expect(changesOf(await push(dir, { b: "b:1", shared: "s:1" }, { manager: "two" }))).toEqual({
      a: "kept",
      shared: "unchanged",
      b: "added",
    });
    expect(changesOf(await push(dir, { a: "a:1" }, { manager: "one" }))).toEqual({
      a: "unchanged",
      b: "kept",
      shared: "kept",
    });
    await push(dir, { b: "b:1" }, { manager: "two" });
    expect(read(dir)).toBe(canonical({ a: "a:1", b: "b:1" }));
  });

  test("that change an entry of another take it over, and it is told", async () => {
    const dir = newDir();
    await push(dir, { a: "a:1" }, { manager: "one" });
    const taken = await push(dir, { a: "a:2" }, { manager: "two" });
    expect(taken.changes).toEqual([{ key: "a", change: "changed", manager: "one" }]);
    expect(taken.warnings.filter(({ code }) => code === "PC332")).toMatchObject([
      { code: "PC332", message: expect.stringContaining("a (of one)") },
    ]);
    expect(changesOf(await push(dir, {}, { manager: "one" }))).toEqual({ a: "kept" });
  });

  test("end as a model of theirs says, with foreign entries as they were", {
    timeout: 60_000,
  }, async () => {
    const key = fc.constantFrom("a", "b", "c");
    const step = fc.record({
      manager: fc.constantFrom("one", "two"),
      logins: fc.dictionary(key, fc.constantFrom("u:1", "u:2"), { maxKeys: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (steps, foreign) => {
          const dir = newDir();
          if (foreign) writeFileSync(join(dir, "config.json"), FOREIGN);
          const model: Model = new Map();
          for (const { manager, logins: wanted } of steps) {
            applyTo(model, manager, wanted);
            const answer = await push(dir, wanted, { manager });
            expect(answer.status).toBe("done");
          }
          const expected = Object.fromEntries([...model].map(([name, { login }]) => [name, login]));
          expect(logins(dir)).toEqual({ ...(foreign ? { "f.example": "f:f" } : {}), ...expected });
          if (foreign)
            expect(read(dir)).toContain(`"f.example" : {"auth":"${base64("f:f")}", "email":"x"}`);
        },
      ),
      { numRuns: 12, seed: 6 },
    );
  });
});

/** Entries of ours by key. */
type Model = Map<string, { login: string; managers: Set<string> }>;

function applyTo(model: Model, manager: string, wanted: Logins): void {
  for (const [name, entry] of model) {
    if (name in wanted) continue;
    entry.managers.delete(manager);
    if (entry.managers.size === 0) model.delete(name);
  }
  for (const [name, login] of Object.entries(wanted)) {
    const entry = model.get(name);
    if (entry?.login === login) entry.managers.add(manager);
    else model.set(name, { login, managers: new Set([manager]) });
  }
}

test("a look shows an earlier file on request, and whose the entries are", async () => {
  const dir = newDir();
  await push(dir, { a: "a:1" }, { run: "20260101T000001Z-aaaaaa", manager: "one" });
  await push(dir, { a: "a:2" }, { run: "20260101T000002Z-aaaaaa", manager: "two" });
  let found: unknown;
  await runLocally(dash, async (shell) => {
    const looked = await lookAt(
      shell,
      ({ nonce }) => ({ ...request(dir), nonce }),
      "20260101T000001Z-aaaaaa",
    );
    if ("failed" in looked) throw new Error("the look failed");
    found = looked.look;
    return looked.answer;
  });
  const content = { content: new Secret<Uint8Array>(Buffer.from(canonical({ a: "a:1" }))) };
  expect(found).toMatchObject({
    file: { facts: { type: "file", mode: 0o600, uid: 0 } },
    record: { share: "yes", beforeShare: "yes", beforeRun: "20260101T000001Z-aaaaaa" },
    stories: [
      { run: "20260101T000001Z-aaaaaa", manager: "one" },
      { run: "20260101T000002Z-aaaaaa", entries: [{ key: "a", managers: ["two"] }] },
    ],
    past: [{ run: "20260101T000001Z-aaaaaa", file: { facts: { type: "file" }, ...content } }],
  });
});
