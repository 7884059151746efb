import { PullcastError } from "../agent/index.ts";
import type { CommandSpec } from "./commands/catalog.ts";
import { LOADERS } from "./commands/loaders.ts";
import { planConfirmer } from "./confirm.ts";
import { hostKeyConfirmer } from "./confirm-host-keys.ts";
import { type ExitCode, exitCodeOf } from "./exit-codes.ts";
import { fail, writeError } from "./fail.ts";
import type { Host, Output } from "./host.ts";
import { watchInterrupts } from "./interrupts.ts";
import { type OptionValues, type ParsedArgs, parseArgv } from "./options/parse-argv.ts";
import { presenter } from "./present.ts";
import { toErrorDocument } from "./render/document.ts";
import { asPullcastError } from "./render/error.ts";
import type { EventStream } from "./reporters/event-stream.ts";
import { pausableSink } from "./reporters/pausable-sink.ts";
import { type Level, Progress } from "./reporters/progress.ts";
import { canShowStatus, lineSink, type Sink, spinnerSink } from "./reporters/sink.ts";
import { secretAsker } from "./secret-asker.ts";
import { usageError } from "./usage-error.ts";

/** Runs a command that works on nodes, from its arguments to the exit code. Errors are printed, not thrown. */
export async function runCommand(
  host: Host,
  spec: CommandSpec,
  argv: readonly string[],
): Promise<ExitCode> {
  let args: ParsedArgs | undefined;
  const { stdout, hasOutput } = watchedOutput(host.stdout);
  try {
    args = await parseArgv(spec, argv);
    return await runParsed({ ...host, stdout }, { spec, args });
  } catch (error) {
    const { options } = args ?? {};
    return await fail(host, error, { options, command: spec.name, hasOutput: hasOutput() });
  }
}

/** An output that remembers whether anything was written. */
function watchedOutput(output: Output): { stdout: Output; hasOutput: () => boolean } {
  let wrote = false;
  const { isTTY = false, columns = 0 } = output;
  const write = (text: string) => {
    wrote = true;
    return output.write(text);
  };
  return { stdout: { isTTY, columns, write }, hasOutput: () => wrote };
}

async function runParsed(
  host: Host,
  { spec, args }: { readonly spec: CommandSpec; readonly args: ParsedArgs },
): Promise<ExitCode> {
  const level = levelOf(args.options);
  const sink = pausableSink(await openSink(host, level));
  // On a terminal the table and the summary tell failures, once; a log has them when they happen.
  const progress = new Progress(sink, { level, failures: !canShowStatus(host) });
  const events = await eventsOf(host, { spec, options: args.options, sink });
  let wasPresented = false;
  const interrupts = watchInterrupts(host, () =>
    sink.line("Stopping: nodes at work may end; Ctrl-C again leaves at once"),
  );
  const hold = () => progress.hold();
  const approveHostKeys = hostKeyConfirmer({ host, signal: interrupts.signal, hold });
  try {
    const command = await LOADERS[spec.name]?.();
    if (command === undefined) throw new Error(`no command ${spec.name}`);
    const ending = await command({
      host: {
        ...host,
        readStdin: (limit) => orStopped(host.readStdin(limit), interrupts.signal),
        ...(host.askSecret === undefined
          ? {}
          : { askSecret: secretAsker(host.askSecret, () => sink.pause()) }),
      },
      args,
      signal: interrupts.signal,
      report: (event) => {
        events?.event(event);
        progress.handle(event);
      },
      ...(events === undefined ? {} : { events }),
      hold,
      confirm: planConfirmer({
        host,
        signal: interrupts.signal,
        quiet: level === "quiet",
        hold,
      }),
      ...(approveHostKeys === undefined ? {} : { approveHostKeys }),
      present: async (reports) => {
        progress.close();
        wasPresented = true;
        await presenter(host, args.options, { told: progress.told, events })(reports);
      },
    });
    return exitCodeOf(ending);
  } catch (error) {
    progress.close();
    if (!wasPresented) events?.end(toErrorDocument(asPullcastError(error)));
    if (!interrupts.signal.aborted) throw error;
    host.stderr.write("Interrupted\n");
    // A report that was printed is the document.
    if (!wasPresented) await writeError(host, new PullcastError("PC004"));
    return exitCodeOf({ interrupted: true });
  } finally {
    progress.close();
    events?.close();
    interrupts.dispose();
  }
}

/** Where `--events` leads; `undefined` without it. */
async function eventsOf(
  host: Host,
  {
    spec,
    options,
    sink,
  }: { readonly spec: CommandSpec; readonly options: OptionValues; readonly sink: Sink },
): Promise<EventStream | undefined> {
  const target = options.text("events");
  if (target === undefined) return undefined;
  if (target === "-" && options.given("output")) {
    throw usageError("--events - and --output exclude each other: both are standard output");
  }
  const { openEventStream } = await import("./reporters/event-stream.ts");
  try {
    return openEventStream({
      target,
      version: host.version,
      command: spec.name,
      stdout: host.stdout,
      onLoss: (reason) => sink.line(`! --events: ${reason}; what follows is not written`),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw usageError(`--events: ${reason}`, "check the file's directory and mode");
  }
}

/** Standard input may never end: Ctrl-C must not wait for it. */
function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject);
  });
}

function levelOf(options: OptionValues): Level {
  if (options.on("quiet") && options.on("verbose"))
    throw usageError("--quiet and --verbose exclude each other");
  if (options.on("quiet")) return "quiet";
  return options.on("verbose") ? "verbose" : "normal";
}

async function openSink(host: Host, level: Level): Promise<Sink> {
  const isLive = level !== "quiet" && canShowStatus(host);
  return isLive ? await spinnerSink(host.stderr as NodeJS.WriteStream) : lineSink(host.stderr);
}
