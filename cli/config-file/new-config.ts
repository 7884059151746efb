import type { ClusterPools } from "../../agent/index.ts";

/** Where editors find what the file may hold. */
const SCHEMA_URL =
  "https://raw.githubusercontent.com/pullcast/pullcast/main/docs/schema/pullcast.schema.json";

/** A file of pools to begin with, which `readConfig` takes as it is. */
export function renderNewConfig({ id, context, pools }: ClusterPools): string {
  const lines = [
    `# yaml-language-server: $schema=${SCHEMA_URL}`,
    "apiVersion: pullcast.dev/v1alpha1",
    "kind: Config",
    "cluster:",
    "  # The UID of the namespace kube-system: nothing is done on another cluster.",
    `  id: ${id}`,
    ...(context === undefined ? [] : [`  context: ${JSON.stringify(context)}`]),
    "# For all pools that say nothing else.",
    "defaults:",
    "  source:",
    '    configs: ["~/.docker/config.json"]',
    "  # ssh: { user: admin, identities: [~/.ssh/id_ed25519] }",
    "  # delivery: provider  # in force at the next pull, after one restart of each kubelet",
    "  waves:",
    '    sizes: [1, "10%", "100%"]',
    "    onFailure: rollback",
    "  # verify: { image: registry.example.com/team/app:1.0, between: true }",
    "# Pushed to one after the other.",
    "pools:",
    ...pools.flatMap(({ name, selector, nodes }) => [
      `  # ${nodes === 1 ? "1 node" : `${nodes} nodes`} now`,
      `  - name: ${JSON.stringify(name)}`,
      ...(selector === undefined ? [] : [`    selector: ${JSON.stringify(selector)}`]),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}
