import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadCompiled } from "../../cli/compiled-code.ts";

// One process stands for many here: V8 must not remember what it compiled before.
setFlagsFromString("--no-compilation-cache");

let scratch: string;
let bundle: string;
let dir: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "pullcast-compiled-"));
  bundle = join(scratch, "bundle.cjs");
  dir = join(scratch, "cache", "compiled");
  writeBundle("one");
});

afterEach(() => rmSync(scratch, { recursive: true }));

function writeBundle(answer: string): void {
  const body = `exports.answer = () => "${answer}"; exports.sep = require("node:path").sep; exports.dir = __dirname;`;
  writeFileSync(
    bundle,
    `(function (exports, require, module, __filename, __dirname) { ${body} })\n`,
  );
}

function load(use = "push") {
  const { exports, ...loaded } = loadCompiled(bundle, { dir, use });
  const { answer, ...rest } = exports as { answer: () => string; sep: string; dir: string };
  return { ...loaded, ...rest, answer: answer() };
}

function onlyFile(): string {
  const [name = "", ...others] = readdirSync(dir);
  expect(others).toEqual([]);
  return join(dir, name);
}

test("a bundle gets what CommonJS gives, and comes compiled once it was kept", () => {
  const first = load();
  expect(first).toMatchObject({ answer: "one", sep: "/", dir: scratch, isCached: false });
  first.keep();
  first.keep();
  expect(load()).toMatchObject({ answer: "one", isCached: true });
});

test("what is kept is this user's alone", () => {
  load().keep();
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  expect(statSync(onlyFile()).mode & 0o777).toBe(0o600);
});

test("each use has a file of its own", () => {
  load("push").keep();
  expect(load("verify").isCached).toBe(false);
});

test("another bundle isn't taken for the one that was compiled, though it is as long", () => {
  load().keep();
  writeBundle("two");
  utimesSync(bundle, 1, 1);
  expect(load()).toMatchObject({ answer: "two", isCached: false });
});

test.each([
  ["others may write it", (file: string) => chmodSync(file, 0o622)],
  ["it is another user's", (file: string) => chownSync(file, 65_534, 65_534)],
  ["it is no compiled code", (file: string) => writeFileSync(file, "nonsense")],
  ["it is cut", (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 100))],
])("a file is not taken where %s", (_why, spoil) => {
  load().keep();
  spoil(onlyFile());
  const loaded = load();
  expect(loaded).toMatchObject({ answer: "one", isCached: false });
  loaded.keep();
  expect(load().isCached).toBe(true);
});

test("a directory that can't be made costs nothing but time", () => {
  writeFileSync(join(scratch, "cache"), "");
  const loaded = load();
  loaded.keep();
  expect(load()).toMatchObject({ answer: "one", isCached: false });
});

test.each([
  ["it is a link", () => symlinkSync(join(scratch, "elsewhere"), dir)],
  ["it is another user's", () => (mkdirSync(dir), chownSync(dir, 65_534, 65_534))],
  ["others may write it", () => (mkdirSync(dir), chmodSync(dir, 0o777))],
])("nothing is kept in a directory where %s", (_why, make) => {
  mkdirSync(join(scratch, "elsewhere"));
  mkdirSync(join(scratch, "cache"));
  make();
  load().keep();
  expect(readdirSync(dir)).toEqual([]);
});

test("without a directory nothing is kept", () => {
  const loaded = loadCompiled(bundle, { dir: undefined, use: "push" });
  loaded.keep();
  expect(loaded.isCached).toBe(false);
  expect(readdirSync(scratch)).toEqual(["bundle.cjs"]);
});

test("the oldest files make room", () => {
  for (let use = 0; use < 20; use += 1) {
    load(`use-${use}`).keep();
    const [file = ""] = readdirSync(dir).filter((name) => name.startsWith(`use-${use}-`));
    utimesSync(join(dir, file), 1000 + use, 1000 + use);
    if (use === 0) writeFileSync(join(dir, "another-tool.bin"), "");
  }
  const uses = readdirSync(dir)
    .flatMap((name) => /^use-(\d+)-/.exec(name)?.[1] ?? [])
    .map(Number);
  expect(readdirSync(dir)).toContain("another-tool.bin");
  expect(uses.length).toBe(16);
  expect(Math.min(...uses)).toBe(4);
});
