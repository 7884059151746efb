import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { repository } from "./ensure-packages.mjs";

/**
 * Runs a command in the checkout with its output shown, or kept in the file `log`.
 *
 * @returns {Promise<number>} its exit code, 1 where a signal ended it
 */
export function run(command, args, { env = {}, log } = {}) {
  const output = log === undefined ? "inherit" : openSync(log, "a");
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: repository,
      stdio: ["ignore", output, output],
      env: { ...process.env, ...env },
    });
    if (log !== undefined) closeSync(output);
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** Runs a command as a named step and tells how long it took. */
export async function step(name, command, args) {
  console.log(`\n── ${name}`);
  const started = Date.now();
  const code = await run(command, args);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`── ${name}: ${code === 0 ? "ok" : `failed (exit ${code})`}, ${seconds} s`);
  return code;
}
