import { describeCode, PullcastError } from "../agent/index.ts";
import { type ExitCode, exitCodeOf } from "./exit-codes.ts";
import type { Host } from "./host.ts";
import type { OptionValues } from "./options/parse-argv.ts";
import { cleanDeep } from "./render/clean-deep.ts";
import { toErrorDocument } from "./render/document.ts";
import { echoFlags } from "./render/echo-flags.ts";
import { asPullcastError, renderError } from "./render/error.ts";
import { writeDocument } from "./render/write-document.ts";

interface FailOptions {
  /** Absent where the command line could not be parsed. */
  readonly options?: OptionValues | undefined;
  /** The command that failed: its help tells its options. */
  readonly command?: string;
  /** Standard output has a document already: a second one would break its readers. */
  readonly hasOutput?: boolean;
}

/** Prints an error, for programs as a document too; returns its exit code. */
export async function fail(
  host: Host,
  error: unknown,
  { options, command, hasOutput = false }: FailOptions = {},
): Promise<ExitCode> {
  const shown = withFlags(withHelp(host, error, command), options);
  for (const line of renderError(shown, options?.on("verbose") ?? false))
    host.stderr.write(`${line}\n`);
  const known = asPullcastError(shown);
  if (!hasOutput) await writeError(host, known);
  return exitCodeOf({
    interrupted: false,
    error: known.code,
    compares: command?.endsWith("diff") === true,
  });
}

/** The error as a document on standard output, where one was asked for. */
export async function writeError(host: Host, error: PullcastError): Promise<void> {
  const format = formatOf(host.argv);
  if (format !== undefined) {
    host.stdout.write(await writeDocument(cleanDeep(toErrorDocument(error)), format));
  }
}

function withFlags(error: unknown, options: OptionValues | undefined): unknown {
  if (!(error instanceof PullcastError) || options === undefined) return error;
  const { fix } = echoFlags({ fix: error.fix }, options);
  if (fix === error.fix) return error;
  const { code, detail, cause } = error;
  return new PullcastError(code, { detail, fix, cause });
}

/** The table names no command. */
function withHelp({ program }: Host, error: unknown, command: string | undefined): unknown {
  if (!(error instanceof PullcastError) || command === undefined || error.code !== "PC001") {
    return error;
  }
  if (error.fix !== describeCode("PC001").fix) return error;
  return new PullcastError("PC001", {
    detail: error.detail,
    fix: `see ${program} ${command} --help`,
    cause: error.cause,
  });
}

/** The document format on a command line, also on one that can't be parsed. */
function formatOf(argv: readonly string[]): "json" | "yaml" | undefined {
  const end = argv.indexOf("--");
  const text = (end < 0 ? argv : argv.slice(0, end)).join("\0");
  const found = /(?:^|\0)(?:-[a-z]*o[=\0]?|--output[=\0])(json|yaml)(?:\0|$)/i.exec(text)?.[1];
  return found === "json" || found === "yaml" ? found : undefined;
}
