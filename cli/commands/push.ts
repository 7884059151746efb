import type { PushReport, VerifyOptions, VerifyReport } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import {
  judgeOptions,
  nodeRunOptions,
  type ProofOptions,
  proofOptions,
  registryAccess,
  restartOptions,
  runOptions,
} from "../options/engine-options.ts";
import { sourceOptions } from "../options/source-options.ts";
import { PROOF } from "../options/specs.ts";
import { usageError } from "../usage-error.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast push`: credentials to nodes, and with `--verify` the proof. */
export async function pushCommand(context: CommandContext): Promise<Ending> {
  const { args, host } = context;
  const { options } = args;
  const proof = proofAfterPush(context);
  const restart = restartOptions(options);
  const source = sourceOptions(options, host);
  const nodeRun = await nodeRunOptions(args, context);
  const { push } = await import("../../agent/index.ts");
  const report = await push({
    ...nodeRun,
    ...judgeOptions(options),
    ...registryAccess(options, host),
    source,
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
