import { PullcastError } from "../errors.ts";
import type { PushReport } from "../model.ts";
import { composeInstall } from "../node/compose.ts";
import { deliver, nodeRequest } from "./deliver.ts";
import { loadCredentials } from "./load-credentials.ts";
import type { PushOptions } from "./options.ts";

/** Credentials that nobody named go to no more nodes than this without a question. */
const ASK_ABOVE_NODES = 10;

/**
 * Puts the usable entries of a docker config.json into the kubelet's config.json on every selected node.
 * The source is read once, before anything is touched; all nodes get the same bytes.
 *
 * @returns a report for each node: a node's failure is a value
 * @throws {PullcastError} PC6xx where the source is unusable or the plan is not confirmed, PC1xx where nothing can be selected,
 *   PC2xx where keys or known_hosts are unusable
 */
export async function push(options: PushOptions): Promise<PushReport> {
  const config = await loadCredentials(options.source, options);
  for (const notice of config.warnings) options.report({ type: "notice", notice });
  return await deliver(options, {
    kind: "PushReport",
    operation: "push",
    credentials: { source: config.source, entries: config.entries },
    approve: async (plan) => {
      if (!config.ambient || plan.targets.length <= ASK_ABOVE_NODES) return;
      if (await (options.confirm?.(plan) ?? true)) return;
      throw new PullcastError("PC638");
    },
    job: (run) => ({
      compose: (login) => composeInstall({ ...nodeRequest(options, { run, ...login }), config }),
      digest: config.digest,
    }),
  });
}
