import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

/** Loads `.sh` files as text, as the esbuild bundle does. */
const shellAsText = {
  name: "shell-as-text",
  enforce: "pre" as const,
  load(id: string): string | undefined {
    if (!id.endsWith(".sh")) return undefined;
    return `export default ${JSON.stringify(readFileSync(id, "utf8"))};`;
  },
};

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
      {
        extends: true,
        test: {
          name: "cluster",
          include: ["test/e2e/cluster/**/*.test.ts"],
          globalSetup: ["test/e2e/cluster/shared-bed.ts"],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
