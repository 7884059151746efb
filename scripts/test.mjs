#!/usr/bin/env node
/**
 * `npm test`: all set-up, all checks, all tests. `npm test -- --unit` leaves out what needs Docker or Go.
 * Other arguments go to vitest (a file name, `-t NAME`).
 *
 * At the end all that failed is named once more; the last line is `N passed, N failed`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { ensurePackages } from "./lib/ensure-packages.mjs";
import { run, step } from "./lib/steps.mjs";

const args = process.argv.slice(2);
const unitOnly = args.includes("--unit");
const forVitest = args.filter((arg) => arg !== "--unit");

ensurePackages();
const counts = { passed: 0, failed: 0 };
/** What failed, each with its place and the first lines of why: told at the end, which logs that are cut keep. */
const failures = [];
/** What passed at the second try: a machine that is busy excuses it once, and everybody sees it. */
const unsteady = [];
const LINES_OF_A_FAILURE = 25;
const node = process.execPath;

function failed(what, why = "") {
  counts.failed += 1;
  failures.push(entryOf(what, why));
}

function entryOf(what, why) {
  return [what, ...why.split("\n").slice(0, LINES_OF_A_FAILURE)].join("\n    ");
}

async function check(name, command, commandArgs) {
  if ((await step(name, command, commandArgs)) === 0) counts.passed += 1;
  else failed(name);
}

/** Notes the tests and files of vitest's report that failed; returns how many. */
function noteFailures(project, { testResults }) {
  const before = failures.length;
  for (const { name, message, status, assertionResults } of testResults) {
    const file = relative(process.cwd(), name);
    const tests = assertionResults.filter((test) => test.status === "failed");
    for (const { status: end, fullName, failureMessages } of assertionResults) {
      if (end !== "passed" || failureMessages.length === 0) continue;
      unsteady.push(entryOf(`${project}: ${file}: ${fullName}`, failureMessages.join("\n")));
    }
    for (const { fullName, failureMessages } of tests) {
      failed(`${project}: ${file}: ${fullName}`, failureMessages.join("\n"));
    }
    // A file that can't be loaded fails no test of its own.
    if (status === "failed" && tests.length === 0) failed(`${project}: ${file}`, message);
  }
  return failures.length - before;
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
      ...["vitest", "run", "--project", project, "--passWithNoTests", "--retry=1"],
      ...["--reporter=default", "--reporter=json", `--outputFile.json=${file}`],
      ...more,
      ...forVitest,
    ];
    const code = await run("npx", command, beside ? { log } : {});
    if (beside) console.log(`\n── ${project} tests\n${readFileSync(log, "utf8")}`);
    const report = JSON.parse(readFileSync(file, "utf8"));
    counts.passed += report.numPassedTests;
    if (noteFailures(project, report) === 0 && code !== 0) {
      failed(`${project}: vitest ended with ${code}; its output above tells why`);
    }
  } catch (error) {
    failed(`${project}: the tests gave no report`, error.message);
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
    // One after another, where there is room while the first cluster's tests go on.
    unit()
      .then(() => test("differential"))
      .then(() => test("second-cluster")),
    test("bed", { beside: true }),
    test("cluster", { beside: true }),
  ]);
}

if (unsteady.length > 0) console.log(`\n── passed at the second try\n\n${unsteady.join("\n\n")}`);
if (failures.length > 0) console.log(`\n── failed\n\n${failures.join("\n\n")}`);
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
