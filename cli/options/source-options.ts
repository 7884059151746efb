import type { CredentialSource, SourceInput } from "../../agent/index.ts";
import type { Host } from "../host.ts";
import { usageError } from "../usage-error.ts";
import type { OptionValues } from "./parse-argv.ts";
import { expandHome, quote } from "./values.ts";

/**
 * Where credentials come from, in the order of the command line, and which of them are sent.
 *
 * @throws {PullcastError} PC001 naming the option
 */
export function sourceOptions(options: OptionValues, host: Host): CredentialSource {
  const inputs = options
    .inOrder(NAMED)
    .map(([name, value]) => inputOf(name, { value, options, host }));
  if (!options.given("registry")) {
    for (const name of ["username", "password-stdin"]) {
      if (options.given(name)) throw usageError(`--${name} needs --registry`);
    }
  }
  refuseTwoReaders(options);
  return {
    inputs,
    only: options.list("only"),
    except: options.list("except"),
    allFromStore: options.on("all-from-store"),
    readStdin: host.readStdin,
    env: host.env,
    homeDir: host.homeDir,
  };
}

const NAMED = ["config", "from-secret", "from-cloud", "registry"];

/** Whether a source was named: without one, the first ambient one counts. */
export function namesSource(options: OptionValues): boolean {
  return NAMED.some((name) => options.given(name));
}

interface Given {
  readonly value: string;
  readonly options: OptionValues;
  readonly host: Host;
}

function inputOf(name: string, { value, options, host }: Given): SourceInput {
  if (name === "from-secret") return secretInput(value);
  if (name === "from-cloud") return { type: "cloud", registry: value };
  if (name === "registry") return loginInput(value, options);
  if (value === "-") return { type: "stdin" };
  return { type: "file", path: expandHome(value, host.homeDir) };
}

/** Names as the API server takes them: nothing that kubectl could read as an option. */
function secretInput(text: string): SourceInput {
  const [, namespace, name] =
    /^([a-z0-9][a-z0-9-]{0,62})\/([a-z0-9][a-z0-9.-]{0,252})$/.exec(text) ?? [];
  if (namespace !== undefined && name !== undefined) return { type: "secret", namespace, name };
  throw usageError(`--from-secret: ${quote(text)} is not NAMESPACE/NAME`);
}

function loginInput(registry: string, options: OptionValues): SourceInput {
  const username = options.text("username");
  if (username === undefined) throw usageError("--registry needs --username");
  if (!options.on("password-stdin")) {
    throw usageError(
      "--registry needs --password-stdin",
      "write the password to standard input, it must not be an argument",
    );
  }
  return { type: "login", registry, username };
}

/** Standard input can be read once. */
function refuseTwoReaders(options: OptionValues): void {
  const readers = [
    ...options
      .list("config")
      .filter((path) => path === "-")
      .map(() => "--config -"),
    ...(options.on("password-stdin") ? ["--password-stdin"] : []),
    ...(options.text("hosts-from") === "-" ? ["--hosts-from -"] : []),
  ];
  const [first, second] = readers;
  if (second !== undefined) {
    throw usageError(`${first} and ${second} can't both read standard input`);
  }
}
