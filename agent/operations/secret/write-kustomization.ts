import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { accountFile, accountManifest, kustomization, type RenderedSecrets } from "./render.ts";

/** The value, in a directory that goes to a repository: this file does not. */
const VALUE_FILE = "config.json";

/**
 * Writes a kustomization for each namespace into a directory of its own, and one above that holds them all. The file
 * with the credentials is its owner's alone (0600), and `.gitignore` names it.
 *
 * @throws what the file system throws
 */
export async function writeKustomization(rendered: RenderedSecrets, dir: string): Promise<void> {
  const { stringify } = await import("yaml");
  const { namespaces } = rendered;
  for (const namespace of namespaces) {
    const own = join(dir, namespace);
    await mkdir(own, { recursive: true });
    await writeFile(join(own, VALUE_FILE), rendered.file.reveal(), { mode: 0o600 });
    const text = stringify(kustomization(rendered, { namespace, valueFile: VALUE_FILE }));
    await writeFile(join(own, "kustomization.yaml"), text);
    await writeFile(join(own, ".gitignore"), `${VALUE_FILE}\n`);
    for (const name of rendered.accounts) {
      const account = stringify(accountManifest(rendered, { name, namespace }));
      await writeFile(join(own, accountFile(name)), account);
    }
  }
  const all = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: namespaces,
  };
  await writeFile(join(dir, "kustomization.yaml"), stringify(all));
}
