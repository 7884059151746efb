import type { PushReport, VerifyOptions, VerifyReport } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import {
  type ProofOptions,
  proofOptions,
  restartOptions,
  runOptions,
} from "../options/engine-options.ts";
import { pushOptions } from "../options/push-options.ts";
import { PROOF } from "../options/specs.ts";
import { usageError } from "../usage-error.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast push`: credentials to nodes, and with `--verify` the proof. */
export async function pushCommand(context: CommandContext): Promise<Ending> {
  const { options } = context.args;
  const proof = proofAfterPush(context);
  const restart = restartOptions(options);
  const dryRun = dryRunOption(context);
  const pushed = await pushOptions(context);
  const { push } = await import("../../agent/index.ts");
  const report = await push({
    ...pushed,
    ...(dryRun === undefined ? {} : { dryRun }),
    // No other form shows them.
    fingerprints: ["json", "yaml"].includes(options.text("output") ?? ""),
    ...(restart === undefined ? {} : { restart }),
    ...(options.on("yes") ? {} : { confirm: context.confirm }),
  });
  const ending = { interrupted: report.interrupted, nodes: report.items };
  if (proof === undefined) {
    await context.present([report]);
    return ending;
  }
  const verified = await verifyPushed(context, report, proof);
  await context.present(verified === undefined ? [report] : [report, verified]);
  if (verified === undefined) return ending;
  return { ...ending, interrupted: verified.interrupted, pulls: verified.items };
}

function dryRunOption({ args: { options } }: CommandContext): "client" | "server" | undefined {
  const mode = options.text("dry-run");
  if (mode === undefined) return undefined;
  for (const name of ["verify", "restart-kubelet"]) {
    if (options.given(name)) throw usageError(`--${name} and --dry-run exclude each other`);
  }
  return mode === "server" ? "server" : "client";
}

/** Options of `--verify`, checked before anything is pushed. */
function proofAfterPush({ args: { options }, host }: CommandContext): ProofOptions | undefined {
  if (options.on("verify")) {
    for (const name of ["hosts", "hosts-from"]) {
      if (options.given(name)) throw usageError(`--verify asks a cluster, --${name} asks none`);
    }
    return proofOptions(options, host);
  }
  const stray = PROOF.find(({ name }) => options.given(name));
  if (stray !== undefined) throw usageError(`--${stray.name} needs --verify`);
  return undefined;
}

/** Verifies the nodes that have the file; `undefined` where there are none or the run was stopped. */
async function verifyPushed(
  context: CommandContext,
  report: PushReport,
  proof: ProofOptions,
): Promise<VerifyReport | undefined> {
  const names = report.items
    .filter(({ result }) => result === "updated" || result === "unchanged")
    .map(({ node }) => node);
  if (report.interrupted || names.length === 0) {
    const why = report.interrupted ? "the run was interrupted" : "no node has the file";
    const message = `the nodes were not verified: ${why}`;
    context.report({ type: "notice", notice: { code: "PC540", message } });
    return undefined;
  }
  const run = await runOptions(context.args, context);
  const { selector: _label, fieldSelector: _field, ...selection } = run.selection;
  const options: VerifyOptions = {
    ...run,
    ...proof,
    selection: { ...selection, names, exclude: [] },
  };
  const { verify } = await import("../../agent/index.ts");
  try {
    return await verify(options);
  } catch (error) {
    // What was pushed is told whatever became of the proof.
    await context.present([report]);
    throw error;
  }
}
