import { readFileSync } from "node:fs";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";

/** Loads `.sh` files as text, as the esbuild bundle does. */
const shellAsText = {
  name: "shell-as-text",
  enforce: "pre" as const,
  load(id: string): string | undefined {
    if (!id.endsWith(".sh")) return undefined;
    return `export default ${JSON.stringify(readFileSync(id, "utf8"))};`;
  },
};

/** About a third of the time that tests on a cluster take: they have one of their own, so that it is not all in a row. */
const ON_A_SECOND_CLUSTER = ["test/e2e/cluster/{live,preload*}.test.ts"];

/** Tests that share a cluster, file after file. */
function cluster(
  name: string,
  bed: string,
  files: { readonly include?: string[]; readonly exclude?: string[] },
): TestProjectConfiguration {
  return {
    extends: true,
    test: {
      name,
      include: ["test/e2e/cluster/**/*.test.ts"],
      ...files,
      globalSetup: [`test/e2e/cluster/${bed}.ts`],
      testTimeout: 180_000,
      hookTimeout: 60_000,
      fileParallelism: false,
    },
  };
}

export default defineConfig({
  plugins: [shellAsText],
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/{agent,cli,contract}/**/*.test.ts"],
          // They share modules and leave none of them changed: loading those anew for each file takes a third of the time.
          isolate: false,
          testTimeout: 20_000,
          // Set-up makes keys and programs, which a busy machine does slowly.
          hookTimeout: 40_000,
        },
      },
      {
        extends: true,
        test: {
          name: "differential",
          include: ["test/differential/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          name: "bed",
          include: ["test/bed/**/*.test.ts", "test/e2e/hosts/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      cluster("cluster", "first-bed", { exclude: ON_A_SECOND_CLUSTER }),
      cluster("second-cluster", "second-bed", { include: ON_A_SECOND_CLUSTER }),
    ],
  },
});
