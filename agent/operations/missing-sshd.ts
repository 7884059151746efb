import { describeCode, type PullcastError } from "../errors.ts";
import type { NodeReport, Target } from "../model.ts";
import { cleanText } from "../util/clean-text.ts";

/** How registry logins get on systems that have no sshd, by what their kubelets call them (`osImage`). */
const SYSTEMS: readonly { readonly osImage: RegExp; readonly fix: string }[] = [
  {
    // Registry logins are containerd's there.
    osImage: /^Talos\b/,
    fix: "machine.registries.config.HOST.auth in its machine configuration (talosctl edit machineconfig), or imagePullSecrets in the cluster",
  },
  {
    // sshd is in its admin container alone, from which the host's files are out of reach.
    osImage: /^Bottlerocket\b/,
    fix: "settings.container-registry.credentials in its settings (apiclient apply), or imagePullSecrets in the cluster",
  },
];

/** PC202 and PC203: nobody answers there. */
const NOT_THERE: ReadonlySet<string> = new Set(["PC202", "PC203"]);

type Told = Pick<NodeReport, "code" | "message" | "fix">;

/** What to say in place of an error where the node's system is known to have no sshd; `undefined` elsewhere. */
export function missingSshd(target: Target, error: PullcastError): Told | undefined {
  const osImage = target.node?.osImage ?? "";
  const system = SYSTEMS.find((one) => one.osImage.test(osImage));
  if (system === undefined || !NOT_THERE.has(error.code)) return undefined;
  const { title } = describeCode("PC268");
  const message = `${title}: it is ${cleanText(osImage, 80)}, and ${error.message}`;
  return { code: "PC268", message, fix: system.fix };
}
