import type { CommandContext } from "./command.ts";

/** Prints objects of the API: documents of YAML, or one List. */
export async function writeManifests(
  { host, args: { options } }: CommandContext,
  objects: readonly object[],
): Promise<void> {
  if (options.text("output") === "json") {
    const list = { apiVersion: "v1", kind: "List", items: objects };
    host.stdout.write(`${JSON.stringify(list, null, 2)}\n`);
    return;
  }
  const { stringify } = await import("yaml");
  host.stdout.write(objects.map((object) => stringify(object)).join("---\n"));
}
