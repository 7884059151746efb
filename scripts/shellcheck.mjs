#!/usr/bin/env node
/**
 * Runs shellcheck on every shell file of the repository. Fragments that only make sense when composed
 * say so themselves by `# shellcheck …` directives on their first lines.
 *
 * Without shellcheck installed it says how to get it; only in CI that is a failure.
 */
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));

const listed = spawnSync(
  "git",
  ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.sh"],
  { cwd: repository, encoding: "utf8" },
);
if (listed.status !== 0) {
  console.error(`shellcheck: git can't list the files: ${listed.stderr || listed.error?.message}`);
  process.exit(1);
}
const files = listed.stdout.split("\0").filter((file) => file !== "");
if (files.length === 0) process.exit(0);

const { status, error } = spawnSync("shellcheck", ["--shell=sh", "--", ...files], {
  cwd: repository,
  stdio: "inherit",
});
if (error?.code === "ENOENT") {
  console.error("shellcheck is not installed: apt-get install shellcheck");
  process.exit(process.env.CI ? 1 : 0);
}
if (error !== undefined) console.error(`shellcheck: ${error.message}`);
process.exit(status ?? 1);
