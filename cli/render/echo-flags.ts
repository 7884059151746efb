import { shellWord } from "../../agent/index.ts";
import type { OptionValues } from "../options/parse-argv.ts";

/** kubectl's flags that decide which cluster answers, and as whom. */
const FLAGS = ["kubeconfig", "context", "cluster", "as"] as const;

/**
 * Lets the commands in every `fix` of a value ask the cluster that the run asked: kubectl's flags of the
 * command line are written into them.
 */
export function echoFlags<T>(value: T, options: OptionValues): T {
  const given = FLAGS.flatMap((name) => {
    const text = options.text(name);
    return text === undefined ? [] : [{ name, flag: ` --${name}=${shellWord(text)}` }];
  });
  return given.length === 0 ? value : (mapFixes(value, (fix) => withFlags(fix, given)) as T);
}

/** Adds flags to one text with commands. */
function withFlags(
  fix: string,
  given: readonly { readonly name: string; readonly flag: string }[],
): string {
  const all = given.map(({ flag }) => flag).join("");
  const file = given.filter(({ name }) => name === "kubeconfig").map(({ flag }) => flag);
  return (
    fix
      // A context that isn't there must not be asked for its neighbours.
      .replaceAll(/\bkubectl(?= config )/g, `kubectl${file.join("")}`)
      .replaceAll(/\bkubectl(?= (?:auth|cluster-info|create|describe|get)\b)/g, `kubectl${all}`)
      .replaceAll(/\bpullcast (?:cleanup$|explain(?= IMAGE)|trust(?= ))/g, `$&${all}`)
  );
}

function mapFixes(value: unknown, map: (fix: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => mapFixes(item, map));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === "fix" && typeof item === "string" ? map(item) : mapFixes(item, map),
    ]),
  );
}
