import {
  accountManifest,
  type RenderedSecrets,
  secretManifest,
  secretRender,
  writeKustomization,
} from "../../../agent/index.ts";
import type { Ending } from "../../exit-codes.ts";
import { judgeOptions, registryAccess } from "../../options/engine-options.ts";
import { secretRunOptions } from "../../options/secret-options.ts";
import { sourceOptions } from "../../options/source-options.ts";
import { expandHome } from "../../options/values.ts";
import { usageError } from "../../usage-error.ts";
import type { CommandContext } from "../command.ts";

/** `pullcast secret render`: what an apply would send, for a repository or a pipeline. */
export async function secretRenderCommand(context: CommandContext): Promise<Ending> {
  const { host, args } = context;
  const { options } = args;
  const dir = options.text("dir");
  const format = options.text("output") ?? "yaml";
  if (format === "kustomize" && dir === undefined) throw usageError("-o kustomize needs --dir DIR");
  if (format === "yaml" && dir !== undefined) throw usageError("--dir needs -o kustomize");
  if (format === "yaml" && host.stdout.isTTY === true) {
    throw usageError(
      "the manifests hold the credentials, and this is a terminal",
      "send them on: pullcast secret render … | kubectl apply -f -, or -o kustomize --dir DIR",
    );
  }
  const { namespaces, accounts, name, ...run } = secretRunOptions(context);
  const rendered = await secretRender({
    ...run,
    ...judgeOptions(options),
    ...registryAccess(options, host),
    source: sourceOptions(options, host),
    name,
    namespaces: namespaces.names,
    accounts: accounts.names,
  });
  if (dir === undefined) host.stdout.write(await manifests(rendered));
  else await writeKustomization(rendered, expandHome(dir, host.homeDir));
  return { interrupted: context.signal.aborted };
}

async function manifests(rendered: RenderedSecrets): Promise<string> {
  const objects = rendered.namespaces.flatMap((namespace) => [
    secretManifest(rendered, namespace),
    ...rendered.accounts.map((name) => accountManifest(rendered, { name, namespace })),
  ]);
  const { stringify } = await import("yaml");
  return objects.map((object) => stringify(object)).join("---\n");
}
