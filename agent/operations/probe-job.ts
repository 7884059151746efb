import { composeProbe } from "../node/compose.ts";
import { nodeRequest } from "./deliver.ts";
import { type NodeJob, oneProgram } from "./node-try.ts";
import type { NodeRunOptions } from "./options.ts";
import { newRunId } from "./run-id.ts";

/**
 * What a push does on a node up to its first write; changes nothing there.
 *
 * @param digest - of the file that a push would send: the one there is compared with it
 */
export function probeJob(options: NodeRunOptions, digest?: string): NodeJob {
  const run = newRunId(new Date());
  const wanted = digest === undefined ? {} : { digest };
  return oneProgram(
    (login) => composeProbe({ ...nodeRequest(options, { run, ...login }), ...wanted }),
    wanted,
  );
}
