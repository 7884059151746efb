import { randomBytes } from "node:crypto";
import { readReport } from "../../agent/node/read-report.ts";
import type { NodeAnswer, NodeJob, NodeShell } from "../../agent/operations/node-try.ts";
import { type RunOptions, runProgram, type Shell } from "../agent/node/shells.ts";

interface LocalOptions {
  /** Called before each program but the first. */
  readonly between?: (round: number) => Promise<void>;
  /** A change to each program, to see whether it is noticed. */
  readonly edit?: RunOptions["edit"];
}

/** Runs a job's programs by a shell of this machine, as on a node that is logged in to as root. */
export async function runLocally(
  shell: Shell,
  job: NodeJob,
  options: LocalOptions = {},
): Promise<NodeAnswer> {
  const { between, edit } = options;
  const target = { name: "local", host: "127.0.0.1", addressKind: "given" };
  let round = 0;
  const run: NodeShell["run"] = async (compose, { digest } = {}) => {
    if (round > 0) await between?.(round);
    round += 1;
    const nonce = randomBytes(16).toString("hex");
    const program = compose({ target, user: "root", nonce });
    const outcome = await runProgram(program, { shell, ...(edit && { edit }) });
    const answer = readReport(outcome, { nonce, ...(digest === undefined ? {} : { digest }) });
    if (answer.status === "lost") throw new Error(`${answer.detail}: ${outcome.stderr}`);
    return { answer, stdout: outcome.stdout, nonce };
  };
  return await job({ target, run });
}
