#!/usr/bin/env node
/** `npm run demo`: all set-up, then the main job on a real cluster, told as it goes. */
import { ensurePackages, repository } from "./lib/ensure-packages.mjs";
import { run } from "./lib/steps.mjs";

ensurePackages();
process.chdir(repository);
if ((await run(process.execPath, ["scripts/build.mjs"])) !== 0) process.exit(1);
process.exitCode = await run(process.execPath, [
  "scripts/run.mjs",
  "scripts/demo/main.ts",
  ...process.argv.slice(2),
]);
