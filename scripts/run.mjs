#!/usr/bin/env node
/**
 * Runs a TypeScript program of this repository: `node scripts/run.mjs FILE.ts [ARGS…]`.
 *
 * Node 20 runs no TypeScript, so esbuild bundles FILE first (packages stay outside the bundle, `.sh` files
 * are text) and the bundle is imported in this process. `import.meta.url` keeps meaning the source file.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(repository, "node_modules", ".cache", "pullcast-run");
const DAY_MS = 86_400_000;

/** Lets programs read files beside their source. */
const keepImportMeta = {
  name: "keep-import-meta",
  setup(builder) {
    builder.onLoad({ filter: /\.m?[jt]s$/, namespace: "file" }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const url = JSON.stringify(pathToFileURL(path).href);
      return {
        contents: text.replaceAll("import.meta.url", url),
        loader: path.endsWith("ts") ? "ts" : "js",
      };
    });
  },
};

const [entry, ...rest] = process.argv.slice(2);
if (entry === undefined) {
  console.error("usage: node scripts/run.mjs FILE.ts [ARGS…]");
  process.exit(2);
}
const source = resolve(entry);
process.setSourceMapsEnabled(true);
process.argv = [process.argv[0], source, ...rest];
await import(pathToFileURL(await bundle(source)).href);

/** Bundles `file` and returns the path of the bundle, named by its content so that runs side by side agree. */
async function bundle(file) {
  const name = basename(file, extname(file));
  await mkdir(cache, { recursive: true });
  const { outputFiles } = await build({
    entryPoints: [file],
    outfile: join(cache, `${name}.mjs`),
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    sourcemap: "inline",
    loader: { ".sh": "text" },
    logLevel: "warning",
    plugins: [keepImportMeta],
  });
  const bytes = outputFiles[0].contents;
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const path = join(cache, `${name}-${digest}.mjs`);
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, bytes);
  await rename(temporary, path);
  await dropOld(name);
  return path;
}

/** Removes bundles that are a day old. */
async function dropOld(name) {
  for (const file of await readdir(cache)) {
    if (!file.startsWith(`${name}-`)) continue;
    const path = join(cache, file);
    const info = await stat(path).catch(() => undefined);
    if (info !== undefined && Date.now() - info.mtimeMs > DAY_MS) await rm(path, { force: true });
  }
}
