import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout's root. */
export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Installs the npm packages that package-lock.json names, unless they are there already.
 * Uses Node's own modules only: it runs before there is any package.
 */
export function ensurePackages() {
  if (isInstalled()) return;
  console.error("Installing npm packages (npm ci) …");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: repository,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) {
    console.error("npm ci failed: see above");
    process.exit(1);
  }
}

/** npm notes what it installed in a lock of its own: equal versions mean nothing is to do. */
function isInstalled() {
  const installed = join(repository, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  const have = JSON.parse(readFileSync(installed, "utf8")).packages;
  const want = JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8")).packages;
  return Object.entries(want).every(
    ([path, { version, optional }]) =>
      path === "" || optional === true || have[path]?.version === version,
  );
}
