import { composeInstall } from "../../../agent/node/compose.ts";
import { type NodeProgramReport, readReport } from "../../../agent/node/read-report.ts";
import { nodeConfig, request } from "./request.ts";
import { type RunOptions, runProgram, type Shell } from "./shells.ts";

/** How an install is run and what it is told. */
export interface InstallOptions extends Omit<RunOptions, "shell"> {
  readonly replace?: boolean;
  readonly run?: string;
  readonly machineId?: string;
  readonly systemUuid?: string;
}

interface Install {
  readonly shell: Shell;
  readonly dir: string;
  readonly bytes: Uint8Array;
  readonly options?: InstallOptions;
}

/** Installs bytes as `DIR/config.json` by the real program, and reads its answer. */
export async function runInstall({
  shell,
  dir,
  bytes,
  options = {},
}: Install): Promise<NodeProgramReport> {
  const asked = request(dir, options);
  const { machineId, systemUuid } = options;
  const config = nodeConfig(bytes);
  const program = composeInstall({
    ...asked,
    config,
    ...(machineId === undefined ? {} : { machineId }),
    ...(systemUuid === undefined ? {} : { systemUuid }),
  });
  const outcome = await runProgram(program, { ...options, shell });
  return readReport(outcome, { nonce: asked.nonce, digest: config.digest });
}
