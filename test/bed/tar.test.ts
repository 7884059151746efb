import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { tar } from "./tar.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pullcast-tar-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

it("makes an archive that tar reads: files, links, directories and modes", () => {
  const archive = tar([
    { path: "d/" },
    { path: "d/full-block", data: "x".repeat(512), mode: 0o600 },
    { path: "d/some", data: "grüße\n", mode: 0o755 },
    { path: "d/empty", data: "" },
    { path: "d/link", link: "some", mode: 0o777 },
  ]);
  execFileSync("tar", ["-x", "-C", dir], { input: archive });
  expect(readFileSync(join(dir, "d/full-block"), "utf8")).toBe("x".repeat(512));
  expect(readFileSync(join(dir, "d/some"), "utf8")).toBe("grüße\n");
  expect(statSync(join(dir, "d/empty")).size).toBe(0);
  expect(readlinkSync(join(dir, "d/link"))).toBe("some");
  expect(statSync(join(dir, "d/full-block")).mode & 0o777).toBe(0o600);
  expect(statSync(join(dir, "d/some")).mode & 0o777).toBe(0o755);
});

it("gives equal bytes for equal content", () => {
  const entries = [{ path: "a", data: "b" }];
  expect(tar(entries).equals(tar(entries))).toBe(true);
});

it("refuses a path that its format can't hold", () => {
  expect(() => tar([{ path: "x".repeat(101), data: "" }])).toThrow(RangeError);
});
