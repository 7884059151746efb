import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PULLCAST } from "../../e2e/cli.ts";

/** A slow disk between the last look at a file and the swap: what two runs do meanwhile would be seen. */
const SLOW_DISK = ["keep_past() {", "keep_past() { sleep 0.3;"] as const;

/** Builds whose node program lacks one guard, by the words that are taken out: a soak that they pass proves nothing. */
const MUTANTS = {
  /** No guard is taken out: what the builds with a slow disk are compared with. */
  "slow disk": [SLOW_DISK],
  /** Takes what arrived for what was sent. */
  "no digest check": [
    ['[ "$count" -eq "$size" ] || fail PC310 "$count of $size bytes"', ":"],
    ['[ "${words%% *}" = "$digest" ] || fail PC311 "$size bytes arrived with another digest"', ":"],
  ],
  /** Two runs may be at work on one file at once. */
  "no lock": [SLOW_DISK, ["until flock -n 9; do another_try; done", ":"]],
  /** Writes over whatever came since it looked. */
  "no compare": [['[ "$old" = "$expect" ] || fail PC330 "$here/config.json"', ":"]],
} as const satisfies Record<string, readonly (readonly [guard: string, instead: string])[]>;

export type MutantName = keyof typeof MUTANTS;

/** A build with one guard taken out: its command, and what removes it. */
export async function buildMutant(
  name: MutantName,
): Promise<{ readonly program: string; readonly remove: () => Promise<void> }> {
  const dist = dirname(dirname(PULLCAST));
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  // Beside the packages, so that it finds them as the real one does.
  const dir = await mkdtemp(join(root, "node_modules", ".pullcast-mutant-"));
  await cp(dist, join(dir, "dist"), { recursive: true });
  await cp(join(root, "package.json"), join(dir, "package.json"));
  const chunks = join(dir, "dist", "chunks");
  for (const [guard, instead] of MUTANTS[name]) {
    let hits = 0;
    for (const file of await readdir(chunks)) {
      const path = join(chunks, file);
      const text = await readFile(path, "utf8");
      // The bundle holds the programs as text in some kind of quotes.
      for (const form of forms(guard)) {
        if (!text.includes(form)) continue;
        hits += 1;
        await writeFile(path, text.replaceAll(form, instead));
        break;
      }
    }
    if (hits === 0) throw new Error(`the build lacks the guard of the mutant "${name}"`);
  }
  return {
    program: join(dir, "dist", "cli", "pullcast.cjs"),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

function forms(text: string): string[] {
  return [
    text,
    text.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${"),
    JSON.stringify(text).slice(1, -1),
  ];
}
