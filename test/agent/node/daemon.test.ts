import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { standingHeader } from "../../../agent/node/compose.ts";
import { programText } from "../../../agent/node/programs.ts";
import { loadedConfig } from "../../rig/loaded-config.ts";

const ASSEMBLE = fileURLToPath(new URL("../../../agent/node/daemon/assemble.sh", import.meta.url));

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-daemon-"));
  await promisify(execFile)("sh", [ASSEMBLE, dir]);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test.each(["install", "restore"] as const)(
  "the image's %s is the program that a push sends",
  async (name) => {
    expect(await readFile(join(dir, name), "utf8")).toBe(programText(name));
  },
);

test("a standing program is told by one line where, what and whose, and the nonce is left to it", () => {
  const config = loadedConfig({ "r.example": "u:p" });
  const header = standingHeader({
    dir: "/host",
    run: "20261128T050102Z-1f3a9c42e",
    replace: false,
    config,
    story: '{"a":"b c"}',
  }).reveal();
  expect(header.endsWith("\n")).toBe(true);
  expect(header.trimEnd().split(" ")).toEqual([
    ...["install", "/host", String(config.sizeBytes), config.digest, "no"],
    ...["20261128T050102Z-1f3a9c42e", "-", "-", "any", "yes", "20260830", '{"a":"b', 'c"}'],
  ]);
});
