import { PullcastError } from "../agent/index.ts";
import type { CommandSpec } from "./commands/catalog.ts";
import type { Command } from "./commands/command.ts";
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

const bootCommands = () => import("./commands/boot/render.ts");

/** Commands that work on nodes; each loads only what it needs. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  push: async () => (await import("./commands/push.ts")).pushCommand,
  watch: async () => (await import("./commands/watch.ts")).watchCommand,
  diff: async () => (await import("./commands/diff.ts")).diffCommand,
  status: async () => (await import("./commands/status.ts")).statusCommand,
  history: async () => (await import("./commands/history.ts")).historyCommand,
  rollback: async () => (await import("./commands/rollback.ts")).rollbackCommand,
  remove: async () => (await import("./commands/remove.ts")).removeCommand,
  restore: async () => (await import("./commands/restore.ts")).restoreCommand,
  preload: async () => (await import("./commands/preload/preload.ts")).preloadCommand,
  "preload status": async () =>
    (await import("./commands/preload/holdings.ts")).preloadStatusCommand,
  "preload list": async () => (await import("./commands/preload/holdings.ts")).preloadListCommand,
  "preload prune": async () => (await import("./commands/preload/holdings.ts")).preloadPruneCommand,
  image: async () => (await import("./commands/preload/image.ts")).imageCommand,
  verify: async () => (await import("./commands/verify.ts")).verifyCommand,
  inspect: async () => (await import("./commands/inspect.ts")).inspectCommand,
  explain: async () => (await import("./commands/explain.ts")).explainCommand,
  check: async () => (await import("./commands/check.ts")).checkCommand,
  trust: async () => (await import("./commands/trust.ts")).trustCommand,
  doctor: async () => (await import("./commands/doctor.ts")).doctorCommand,
  "secret apply": async () => (await import("./commands/secret/apply.ts")).secretApplyCommand,
  "secret diff": async () => (await import("./commands/secret/diff.ts")).secretDiffCommand,
  "secret watch": async () => (await import("./commands/secret/watch.ts")).secretWatchCommand,
  "secret status": async () => (await import("./commands/secret/status.ts")).secretStatusCommand,
  "secret verify": async () => (await import("./commands/secret/verify.ts")).secretVerifyCommand,
  "secret plan": async () => (await import("./commands/secret/plan.ts")).secretPlanCommand,
  "secret patch-workloads": async () =>
    (await import("./commands/secret/plan.ts")).secretPatchCommand,
  "secret remove": async () => (await import("./commands/secret/remove.ts")).secretRemoveCommand,
  "secret render": async () => (await import("./commands/secret/render.ts")).secretRenderCommand,
  "agent install": async () =>
    (await import("./commands/daemonset/install.ts")).agentInstallCommand,
  "agent status": async () => (await import("./commands/daemonset/status.ts")).agentStatusCommand,
  "agent uninstall": async () =>
    (await import("./commands/daemonset/uninstall.ts")).agentUninstallCommand,
  "render daemonset": async () =>
    (await import("./commands/daemonset/render.ts")).renderDaemonSetCommand,
  "render controller": async () =>
    (await import("./commands/daemonset/controller.ts")).renderControllerCommand,
  "render cloud-init": async () => (await bootCommands()).renderBootCommand("cloud-init"),
  "render ignition": async () => (await bootCommands()).renderBootCommand("ignition"),
  "render kubeadm": async () => (await bootCommands()).renderBootCommand("kubeadm"),
  "render kops": async () => (await bootCommands()).renderBootCommand("kops"),
  "render karpenter": async () => (await bootCommands()).renderBootCommand("karpenter"),
  "render terraform": async () => (await bootCommands()).renderBootCommand("terraform"),
  "render script": async () => (await bootCommands()).renderBootCommand("script"),
  advise: async () => (await import("./commands/advise.ts")).adviseCommand,
  init: async () => (await import("./commands/init.ts")).initCommand,
  apply: async () => (await import("./commands/apply.ts")).applyCommand,
  "config validate": async () => (await import("./commands/config.ts")).configValidateCommand,
  "config schema": async () => (await import("./commands/config.ts")).configSchemaCommand,
  cleanup: async () => (await import("./commands/cleanup.ts")).cleanupCommand,
};

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
    const command = await COMMANDS[spec.name]?.();
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
