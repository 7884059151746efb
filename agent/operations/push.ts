import type { PushReport } from "../model.ts";
import { composeInstall } from "../node/compose.ts";
import { deliver, nodeRequest } from "./deliver.ts";
import { loadCredentials } from "./load-credentials.ts";
import type { PushOptions } from "./options.ts";

/**
 * Puts the usable entries of a docker config.json into the kubelet's config.json on every selected node.
 * The source is read once, before anything is touched; all nodes get the same bytes.
 *
 * @returns a report for each node: a node's failure is a value
 * @throws {PullcastError} PC6xx where the source is unusable, PC1xx where nothing can be selected,
 *   PC2xx where keys or known_hosts are unusable
 */
export async function push(options: PushOptions): Promise<PushReport> {
  const config = await loadCredentials(options.source, options);
  for (const notice of config.warnings) options.report({ type: "notice", notice });
  return await deliver(options, {
    kind: "PushReport",
    operation: "push",
    credentials: { source: config.source, entries: config.entries },
    job: (run) => ({
      compose: (login) => composeInstall({ ...nodeRequest(options, { run, ...login }), config }),
      digest: config.digest,
    }),
  });
}
