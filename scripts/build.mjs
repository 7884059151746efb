#!/usr/bin/env node
/**
 * Builds the package: `node scripts/build.mjs [--outdir DIR] [--types]`.
 *
 * The library is one ESM bundle, split. The command has three parts: `engine.cjs` with all that works, one file in
 * CommonJS since Node 20 keeps no other code compiled; `main.js`, which answers help, versions and completions; and
 * small programs that load the one or the other. The engine has its packages within it, as reading one file is faster
 * than reading hundreds; ssh2's native parts stay where npm built them, and it works without. `npm pack` and
 * `npm publish` build the types as well.
 */
import { execFile } from "node:child_process";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { build } from "esbuild";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const PROGRAMS = ["cli/pullcast", "cli/kubectl-pullcast"];
/** What they load where there is no work. */
const WORDS = "cli/main";
/**
 * Commands that have an engine of their own, without what others need: it takes 6 ms less processor time, also since V8
 * collects the old garbage of a smaller heap later. Each is 1.6 MB, so only the command that is run by far the most.
 */
const OWN_ENGINES = ["push"];

const { values } = parseArgs({
  options: { outdir: { type: "string" }, types: { type: "boolean" } },
});
const outdir = values.outdir ?? join(repository, "dist");
const withTypes = values.types ?? process.env.npm_lifecycle_event === "prepack";

/** Our modules only declare: what nobody uses of them needs no loading. */
const sideEffectFree = {
  name: "side-effect-free",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) =>
      resolveDir.includes("node_modules")
        ? undefined
        : { path: join(resolveDir, path), sideEffects: false },
    );
  },
};

/**
 * What yargs does and nobody here uses. It measures texts for a help that we don't let it print: making the measure takes
 * 14 ms of each start, a tenth of the time to the first connection. And it looks upwards for a package.json, from which
 * it would tell a version that we don't let it tell: what it fails over is an assertion with a stack trace, for which half
 * of the bundle is read. An empty file is no JSON, which it takes for a package without a version.
 */
const leanYargs = {
  name: "lean-yargs",
  setup({ onLoad, onResolve }) {
    const standIns = {
      "string-width": "export default (text) => text.length;",
      "escalade/sync": 'export default () => "/dev/null";',
    };
    onResolve({ filter: /^(?:string-width|escalade\/sync)$/ }, ({ path, importer }) =>
      /node_modules\/(?:yargs|cliui|wrap-ansi)\//.test(importer)
        ? { path, namespace: "lean-yargs" }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace: "lean-yargs" }, ({ path }) => ({ contents: standIns[path] }));
  },
};

/** The programs load what works from engine.cjs. */
const compiledEngine = {
  name: "compiled-engine",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/load-engine\.ts$/ }, () => ({
      path: join(repository, "cli", "load-compiled-engine.ts"),
      sideEffects: false,
    }));
  },
};

/** The programs load main.js from its own file. */
const wordsApart = {
  name: "words-apart",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/main\.ts$/ }, () => ({ path: "./main.js", external: true }));
  },
};

/**
 * Takes what the command line has from agent/index.ts from its own module there: to start index.ts is to start all that
 * there is, which takes 10 ms.
 */
const pastIndex = {
  name: "past-index",
  async setup({ onLoad }) {
    const index = join(repository, "agent", "index.ts");
    const exported = /^export \{([^}]*)\} from "(.*?)";/gm;
    const places = new Map();
    for (const [, names, from] of (await readFile(index, "utf8")).matchAll(exported)) {
      for (const name of valuesIn(names)) places.set(name, join(dirname(index), from));
    }
    const place = (name) => {
      if (!places.has(name)) throw new Error(`agent/index.ts does not export ${name} by its name`);
      return JSON.stringify(places.get(name));
    };
    onLoad({ filter: /\/cli\/.*\.ts$/ }, async ({ path }) => ({
      loader: "ts",
      contents: (await readFile(path, "utf8")).replaceAll(
        /^import \{([^}]*)\} from "(?:\.\.\/)+agent\/index\.ts";/gm,
        (_import, names) =>
          valuesIn(names)
            .map((name) => `import { ${name} } from ${place(name)};`)
            .join(" "),
      ),
    }));
  },
};

/** Leaves of all commands that work one. */
function onlyCommand(command) {
  return {
    name: "only-command",
    setup({ onLoad }) {
      onLoad({ filter: /\/cli\/commands\/loaders\.ts$/ }, async ({ path }) => {
        const loader = new RegExp(`^  ${command}: async \\(\\) => .*,$`, "m");
        const [line] = loader.exec(await readFile(path, "utf8")) ?? [];
        if (line === undefined) throw new Error(`${path} has no ${command} in one line`);
        return { loader: "ts", contents: `export const LOADERS = {${line}};` };
      });
    },
  };
}

/** The names of an import or export that are no types. */
function valuesIn(list) {
  return list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && !name.startsWith("type "));
}

/** Beside ssh2's own files, wherever npm put them. */
const nativeParts = {
  name: "native-parts",
  setup({ onResolve }) {
    onResolve({ filter: /\.node$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path).replace(/^.*\/node_modules\//, ""),
      external: true,
    }));
  },
};

/**
 * What ssh2 starts and nobody here uses. Its own Poly1305, in WebAssembly with 16 MiB of memory, takes 17 ms before the
 * first connection, and pullcast never offers ChaCha20-Poly1305: see agent/transport/algorithms.ts. Its agents for HTTP
 * load all of Node's HTTP and TLS.
 */
const leanSsh2 = {
  name: "lean-ssh2",
  setup({ onLoad }) {
    onLoad({ filter: /\/ssh2\/lib\/protocol\/crypto\/poly1305\.js$/ }, () => ({
      contents: `const missing = () => { throw new Error("this build has no ChaCha20-Poly1305"); };
module.exports = async () => ({ _malloc: () => 0, cwrap: () => missing });`,
    }));
    onLoad({ filter: /\/ssh2\/lib\/http-agents\.js$/ }, () => ({ contents: "" }));
  },
};

const startedMs = performance.now();
await rm(outdir, { recursive: true, force: true });
const shared = await common();
await Promise.all([
  ...[bundle(), bundlePrograms(), bundleEngine("engine")],
  ...OWN_ENGINES.map((command) => bundleEngine(`engine-${command}`, [onlyCommand(command)])),
  withTypes ? declareTypes() : undefined,
]);
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
console.log(`built ${relative(process.cwd(), outdir) || "."} in ${seconds} s`);

async function common() {
  const { version } = JSON.parse(await readFile(join(repository, "package.json"), "utf8"));
  return {
    absWorkingDir: repository,
    bundle: true,
    platform: "node",
    target: "node20.19",
    // The entry for Node is CommonJS and asks for Node's modules by require().
    alias: { yaml: join(repository, "node_modules/yaml/browser/index.js") },
    loader: { ".sh": "text" },
    define: { PULLCAST_VERSION: JSON.stringify(version) },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "linked",
    logLevel: "warning",
  };
}

/** One function of what CommonJS gives a module: see cli/compiled-code.ts. */
async function bundleEngine(name, plugins = []) {
  await build({
    ...shared,
    entryPoints: [{ in: "cli/with-engine.ts", out: name }],
    outdir,
    outExtension: { ".js": ".cjs" },
    format: "cjs",
    banner: {
      js: '(function (exports, require, module, __filename, __dirname) { const ownUrl = require("node:url").pathToFileURL(__filename).href;',
    },
    footer: { js: "})" },
    // yargs asks where it stands.
    define: { ...shared.define, "import.meta.url": "ownUrl" },
    // import() of a package that is not in the bundle becomes require().
    supported: { "dynamic-import": false },
    external: ["prom-client", "dockerode", "cpu-features"],
    plugins: [...plugins, pastIndex, nativeParts, leanSsh2, sideEffectFree, leanYargs],
  });
  const text = await readFile(join(outdir, `${name}.cjs`), "latin1");
  // It is read without decoding.
  if (/[^\0-\x7f]/.test(text)) throw new Error(`${name}.cjs is not all ASCII`);
}

/** Small, and in CommonJS: Node's loader of ES modules takes 6 ms to start. */
async function bundlePrograms() {
  await build({
    ...shared,
    entryPoints: PROGRAMS.map((name) => ({ in: `${name}.ts`, out: name })),
    outdir,
    outExtension: { ".js": ".cjs" },
    format: "cjs",
    define: {
      ...shared.define,
      "import.meta.dirname": "__dirname",
      PULLCAST_OWN_ENGINES: JSON.stringify(OWN_ENGINES),
    },
    plugins: [compiledEngine, wordsApart, sideEffectFree],
  });
  await Promise.all(PROGRAMS.map((name) => makeProgram(join(outdir, `${name}.cjs`))));
}

async function bundle() {
  const { metafile } = await build({
    ...shared,
    entryPoints: [WORDS, "agent/index"].map((name) => ({ in: `${name}.ts`, out: name })),
    outdir,
    splitting: true,
    format: "esm",
    external: ["ssh2", "prom-client", "dockerode"],
    chunkNames: "chunks/[name]-[hash]",
    metafile: true,
    plugins: [sideEffectFree, leanYargs],
  });
  checkLazy(metafile);
}

/** A shebang must be the first line, so it comes after the bundler's. */
async function makeProgram(path) {
  const text = await readFile(path, "utf8");
  await writeFile(path, `#!/usr/bin/env node\n${text}`);
  await chmod(path, 0o755);
}

/** `pullcast --help` is to be there at once: no package, and nothing of the engine, may load with the program. */
function checkLazy({ outputs }) {
  const entry = Object.keys(outputs).find((path) => path.endsWith(`${WORDS}.js`));
  const loaded = [...staticChunks(entry, outputs)].flatMap((path) =>
    Object.keys(outputs[path].inputs),
  );
  const heavy = loaded.find((input) => /^(agent|node_modules)\//.test(input));
  if (heavy !== undefined) throw new Error(`${WORDS} loads ${heavy} at its start`);
}

function staticChunks(path, outputs, seen = new Set()) {
  if (seen.has(path) || outputs[path] === undefined) return seen;
  seen.add(path);
  for (const { path: next, kind } of outputs[path].imports) {
    if (kind === "import-statement") staticChunks(next, outputs, seen);
  }
  return seen;
}

async function declareTypes() {
  const tsc = join(repository, "node_modules", ".bin", "tsc");
  const args = ["-p", "tsconfig.build.json", "--outDir", join(outdir, "types")];
  await promisify(execFile)(tsc, args, { cwd: repository }).catch((error) => {
    throw new Error(`tsc: ${error.stdout}`);
  });
}
