import type { AccountSelection, NamespaceSelection, SecretRunOptions } from "../../agent/index.ts";
import type { CommandContext } from "../commands/command.ts";
import { usageError } from "../usage-error.ts";
import { kubectlOptions } from "./engine-options.ts";
import type { OptionValues } from "./parse-argv.ts";
import { quote } from "./values.ts";

/** Names as the API server takes them (RFC 1123): nothing else goes into a path or a selector. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/**
 * Options of every operation on Secrets.
 *
 * @throws {PullcastError} PC001 naming the option
 */
export function secretRunOptions({ args, signal, report }: CommandContext): SecretRunOptions {
  const { options } = args;
  const given = options.text("name");
  const [name = ""] = given === undefined ? [] : names(given, "name", SUBDOMAIN);
  return {
    kubectl: kubectlOptions(options),
    namespaces: namespaceSelection(options),
    name,
    accounts: accountSelection(options),
    signal,
    report,
  };
}

function namespaceSelection(options: OptionValues): NamespaceSelection {
  const own = options.list("namespace").flatMap((text) => names(text, "namespace", LABEL));
  const selector = options.text("namespace-selector");
  const all = options.on("all-namespaces");
  const ways = [
    ...(own.length > 0 ? ["--namespace"] : []),
    ...(all ? ["--all-namespaces"] : []),
    ...(selector === undefined ? [] : ["--namespace-selector"]),
  ];
  const [first, second] = ways;
  if (second !== undefined) throw usageError(`${first} and ${second} exclude each other`);
  return {
    names: own,
    all,
    ...(selector === undefined ? {} : { selector }),
    exclude: options.list("exclude"),
  };
}

function accountSelection(options: OptionValues): AccountSelection {
  const own = options
    .list("service-account")
    .flatMap((text) => names(text, "service-account", SUBDOMAIN));
  const all = options.on("all-service-accounts");
  if (all && own.length > 0) {
    throw usageError("--service-account and --all-service-accounts exclude each other");
  }
  return { names: [...new Set(own)], all };
}

/** `a,b` as names. */
function names(text: string, option: string, form: RegExp): string[] {
  const found = text.split(",").map((name) => name.trim());
  const wrong = found.find((name) => !form.test(name));
  if (wrong === undefined) return found;
  throw usageError(`--${option}: ${quote(wrong)} is not a name that the API server takes`);
}
