import { randomBytes } from "node:crypto";
import { readReport } from "../../agent/node/read-report.ts";
import type { NodeAnswer, NodeJob, NodeShell } from "../../agent/operations/node-try.ts";
import { runProgram, type Shell } from "../agent/node/shells.ts";

/** Runs a job's programs by a shell of this machine, as on a node that is logged in to as root. */
export async function runLocally(
  shell: Shell,
  job: NodeJob,
  { between }: { readonly between?: (round: number) => Promise<void> } = {},
): Promise<NodeAnswer> {
  const target = { name: "local", host: "127.0.0.1", addressKind: "given" };
  let round = 0;
  const run: NodeShell["run"] = async (compose, options = {}) => {
    if (round > 0) await between?.(round);
    round += 1;
    const nonce = randomBytes(16).toString("hex");
    const program = compose({ target, user: "root", nonce });
    const outcome = await runProgram(program, { shell });
    const { digest } = options;
    const answer = readReport(outcome, { nonce, ...(digest === undefined ? {} : { digest }) });
    if (answer.status === "lost") throw new Error(`${answer.detail}: ${outcome.stderr}`);
    return { answer, stdout: outcome.stdout, nonce };
  };
  return await job({ target, run });
}
