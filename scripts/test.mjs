#!/usr/bin/env node
/**
 * `npm test`: all set-up, all checks, all tests. `npm test -- --unit` leaves out what needs Docker or Go.
 * Other arguments go to vitest (a file name, `-t NAME`).
 *
 * The last line is `N passed, N failed`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePackages } from "./lib/ensure-packages.mjs";
import { run, step } from "./lib/steps.mjs";

const args = process.argv.slice(2);
const unitOnly = args.includes("--unit");
const forVitest = args.filter((arg) => arg !== "--unit");

ensurePackages();
const counts = { passed: 0, failed: 0 };
const node = process.execPath;

async function check(name, command, commandArgs) {
  counts[(await step(name, command, commandArgs)) === 0 ? "passed" : "failed"] += 1;
}

/**
 * Runs one of vitest's projects; a project that ends without a report counts as one failure.
 * One that runs beside others shows its output at its end, whole.
 */
async function test(project, { beside = false, more = [] } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "pullcast-test-"));
  const file = join(dir, "report.json");
  const log = join(dir, "log");
  if (!beside) console.log(`\n── ${project} tests`);
  try {
    const command = [
      ...["vitest", "run", "--project", project, "--passWithNoTests"],
      ...["--reporter=default", "--reporter=json", `--outputFile.json=${file}`],
      ...more,
      ...forVitest,
    ];
    const code = await run("npx", command, beside ? { log } : {});
    if (beside) console.log(`\n── ${project} tests\n${readFileSync(log, "utf8")}`);
    const report = JSON.parse(readFileSync(file, "utf8"));
    counts.passed += report.numPassedTests;
    // A file that can't be loaded fails no test of its own, but vitest fails.
    const failed = report.numFailedTests;
    counts.failed += code !== 0 && failed === 0 ? 1 : failed;
  } catch (error) {
    console.error(`${project} tests gave no report: ${error.message}`);
    counts.failed += 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const setUp = ["scripts/run.mjs", "test/bed/main.ts", "setup", ...(unitOnly ? ["--unit"] : [])];
await check("set-up", node, setUp);
if (forVitest.length === 0) {
  await check("lint and format (biome)", "npx", ["biome", "ci", "--diagnostic-level=error", "."]);
  await check("types (tsc)", "npx", ["tsc"]);
  await check("unused code (knip)", "npx", ["knip"]);
  await check("shell (shellcheck)", node, ["scripts/shellcheck.mjs"]);
  const schemas = ["scripts/run.mjs", "scripts/schemas/main.ts", "--check"];
  await check("schemas (docs/schema)", node, schemas);
}
await check("build (esbuild)", node, ["scripts/build.mjs", "--types"]);
if (forVitest.length === 0) await check("package (publint)", "npx", ["publint", "--strict"]);
// Many unit tests wait for peers that are slow on purpose: one more file at a time than vitest takes with two processors.
const unit = () => test("unit", { more: ["--maxWorkers=2"] });
if (unitOnly) await unit();
else {
  // The beds mostly wait, for kubelets and their caches: the unit tests take the processors meanwhile.
  console.log("\n── bed and cluster tests run beside the others; what they print follows");
  await Promise.all([
    unit().then(() => test("differential")),
    test("bed", { beside: true }),
    test("cluster", { beside: true }),
  ]);
}

console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
