import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** Who may look into a secret, and how often its text says so: a new place is a decision. */
const CALLERS: Readonly<Record<string, number>> = {
  "agent/cloud/aws.ts": 4,
  "agent/cluster/namespace-secrets.ts": 1,
  "agent/credentials/compose.ts": 1,
  "agent/credentials/expiry.ts": 1,
  "agent/credentials/fingerprint.ts": 1,
  "agent/credentials/read-input.ts": 1,
  "agent/credentials/resolve-entries.ts": 2,
  "agent/deploy/boot/documents.ts": 1,
  "agent/deploy/boot/script.ts": 2,
  "agent/deploy/revision.ts": 4,
  "agent/images/registry-source.ts": 1,
  "agent/images/serve-images.ts": 1,
  "agent/kubelet/edit-file.ts": 1,
  "agent/kubelet/lint-entry.ts": 1,
  "agent/kubelet/provider-answer.ts": 1,
  "agent/kubelet/provider-config.ts": 2,
  "agent/kubelet/search-places.ts": 1,
  "agent/node/become.ts": 1,
  "agent/node/compose.ts": 4,
  "agent/node/read-look.ts": 1,
  "agent/node/read-refusal.ts": 1,
  "agent/node/runtime-registries.ts": 1,
  "agent/node/story.ts": 1,
  "agent/operations/agent/revisions.ts": 1,
  "agent/operations/boot/render.ts": 1,
  "agent/operations/explain/from-config.ts": 1,
  "agent/operations/explain/from-node.ts": 1,
  "agent/operations/explain/from-pod.ts": 1,
  "agent/operations/explain/from-providers.ts": 1,
  "agent/operations/explain/kubelet-log.ts": 1,
  "agent/operations/explain/relevant-lint.ts": 1,
  "agent/operations/judge-credentials.ts": 1,
  "agent/operations/kubelet-lookup.ts": 2,
  "agent/operations/live/plan-live.ts": 2,
  "agent/operations/live/stale-keys.ts": 1,
  "agent/operations/look-at-nodes.ts": 1,
  "agent/operations/merge/plan-merge.ts": 3,
  "agent/operations/merge/plan-replace.ts": 1,
  "agent/operations/merge/rollback-job.ts": 1,
  "agent/operations/remove.ts": 1,
  "agent/operations/remove/places.ts": 1,
  "agent/operations/secret/apply.ts": 1,
  "agent/operations/secret/plan.ts": 1,
  "agent/operations/secret/render.ts": 1,
  "agent/operations/secret/status.ts": 1,
  "agent/operations/secret/write-kustomization.ts": 1,
  "agent/operations/status/judge-node.ts": 2,
  "agent/registry/exchange-identity-token.ts": 1,
  "agent/registry/token.ts": 2,
  "agent/registry/try-credential.ts": 2,
  "agent/transport/auth.ts": 2,
  "agent/transport/private-key.ts": 1,
  "agent/transport/program-run.ts": 2,
};

test("secrets are revealed in these places and no others, never on the command line's side", () => {
  const callers: Record<string, number> = {};
  for (const folder of ["agent", "cli"]) {
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts")) continue;
      const count = readFileSync(`${folder}/${name}`, "utf8").split(".reveal()").length - 1;
      if (count > 0) callers[`${folder}/${name}`] = count;
    }
  }
  expect(callers).toEqual(CALLERS);
});
