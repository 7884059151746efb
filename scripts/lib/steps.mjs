import { spawn } from "node:child_process";
import { repository } from "./ensure-packages.mjs";

/**
 * Runs a command in the checkout with its output shown.
 *
 * @returns {Promise<number>} its exit code, 1 where a signal ended it
 */
export function run(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: repository,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, ...env },
    });
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
