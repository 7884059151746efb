import {
  type NodeReport,
  type PushReport,
  type RemoveReport,
  type VerifyOptions,
  type VerifyReport,
  verify,
} from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { type ProofOptions, proofOptions, runOptions } from "../options/engine-options.ts";
import { PROOF } from "../options/specs.ts";
import { usageError } from "../usage-error.ts";
import type { CommandContext } from "./command.ts";

/** What is proven after a run on nodes, and on which of them. */
interface ProofAfter {
  readonly proof: ProofOptions | undefined;
  readonly proves: (report: NodeReport) => boolean;
  /** Why none is proven, where `proves` takes none. */
  readonly none: string;
}

/** Options of `--verify` and `--verify-between`, checked before any node is touched; `undefined` without both. */
export function proofAfter({ args: { options }, host }: CommandContext): ProofOptions | undefined {
  const asking = ["verify", "verify-between"].find((name) => options.on(name));
  if (asking !== undefined) {
    for (const name of ["hosts", "hosts-from"]) {
      if (options.given(name)) throw usageError(`--${asking} asks a cluster, --${name} asks none`);
    }
    return proofOptions(options, host);
  }
  const stray = PROOF.find(({ name }) => options.given(name));
  if (stray !== undefined) throw usageError(`--${stray.name} needs --verify`);
  return undefined;
}

/** Proves what a run came to, where asked, presents all of it, and tells how that ended. */
export async function endProven(
  context: CommandContext,
  report: PushReport | RemoveReport,
  after: ProofAfter,
): Promise<Ending> {
  const verified = after.proof === undefined ? undefined : await prove(context, report, after);
  await context.present(verified === undefined ? [report] : [report, verified]);
  const ending = { interrupted: report.interrupted, nodes: report.items };
  if (verified === undefined) return ending;
  return { ...ending, interrupted: verified.interrupted, pulls: verified.items };
}

/** Verifies the nodes that came to what is proven; `undefined` where there are none or the run was stopped. */
async function prove(
  context: CommandContext,
  report: PushReport | RemoveReport,
  { proof, proves, none }: ProofAfter,
): Promise<VerifyReport | undefined> {
  if (proof === undefined) return undefined;
  const names = report.items.filter(proves).map(({ node }) => node);
  if (report.interrupted || names.length === 0) {
    const why = report.interrupted ? "the run was interrupted" : none;
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
  try {
    return await verify(options);
  } catch (error) {
    // What was done is told whatever became of the proof.
    await context.present([report]);
    throw error;
  }
}
