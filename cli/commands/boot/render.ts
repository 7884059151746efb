import { type BootForm, bootRender } from "../../../agent/index.ts";
import type { Ending } from "../../exit-codes.ts";
import {
  judgeOptions,
  kubectlOptions,
  registryAccess,
  some,
} from "../../options/engine-options.ts";
import { sourceOptions } from "../../options/source-options.ts";
import { parseAbsolutePath } from "../../options/values.ts";
import { usageError } from "../../usage-error.ts";
import type { CommandContext } from "../command.ts";
import { writeManifests } from "../write-manifests.ts";

/** Documents that are JSON by their nature. */
const JSON_ONLY: ReadonlySet<BootForm> = new Set<BootForm>(["ignition", "terraform"]);

/** `pullcast render cloud-init` and its like: what makes new machines write the credentials before their kubelet starts. */
export function renderBootCommand(form: BootForm) {
  return async (context: CommandContext): Promise<Ending> => {
    const { host, args, signal, report } = context;
    const { options } = args;
    if (host.stdout.isTTY === true) {
      throw usageError(
        "the document holds the credentials, and this is a terminal",
        `send it to a file that only you can read: (umask 077; pullcast render ${form} > FILE)`,
      );
    }
    const document = await bootRender({
      ...judgeOptions(options),
      ...registryAccess(options, host),
      ...some("operator", host.operator?.()),
      ...{ form, name: options.text("name") ?? "", namespace: options.text("namespace") ?? "" },
      dir: parseAbsolutePath("path", options.text("path") ?? ""),
      replace: options.on("replace"),
      source: sourceOptions(options, host),
      kubectl: kubectlOptions(options),
      ...{ signal, report },
    });
    if (document.type === "text") host.stdout.write(document.text);
    else if (JSON_ONLY.has(form))
      host.stdout.write(`${JSON.stringify(document.objects[0], null, 2)}\n`);
    else await writeManifests(context, document.objects);
    return { interrupted: signal.aborted };
  };
}
