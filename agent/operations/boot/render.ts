import { type BootDocument, type BootForm, bootDocument } from "../../deploy/boot/documents.ts";
import { bootScript } from "../../deploy/boot/script.ts";
import type { Report } from "../../events.ts";
import { newRunId } from "../run-id.ts";
import { loadSoundSecret } from "../secret/load-sound.ts";
import type { SecretSourceOptions } from "../secret/model.ts";
import { standingOf } from "../standing-header.ts";

/** What a machine's first boot is to write, and in which form it is told. */
export interface BootRenderOptions extends SecretSourceOptions {
  /** Absolute path of the directory of config.json. */
  readonly dir: string;
  /** Overwrite what others wrote there; it is kept. */
  readonly replace: boolean;
  /** For people; kept on the node. @default unknown */
  readonly operator?: string;
  readonly form: BootForm;
  /** Of the template. */
  readonly name: string;
  readonly namespace: string;
}

/** What marks a file's story as a template's: `pullcast check --templates` looks for it. */
export const TEMPLATE_OPERATOR = "template of";

/** AWS takes no more as user data; others take that at least. */
const MAX_USER_DATA = 16 * 1024;

/**
 * A document that makes machines write the credentials before their kubelet starts.
 *
 * @throws {PullcastError} PC001 for the directory, PC6xx where the source is unusable, PC168
 */
export async function bootRender(options: BootRenderOptions): Promise<BootDocument> {
  const config = await loadSoundSecret(options);
  const { form, dir, replace, operator = "unknown" } = options;
  const run = newRunId(new Date());
  const by = `${TEMPLATE_OPERATOR} ${operator}`;
  const header = standingOf(config, { dir, run, replace, operator: by });
  const script = bootScript({ dir, run, header, config: config.bytes });
  warn(options.report, script.reveal().length);
  return bootDocument(form, script, options);
}

function warn(report: Report, bytes: number): void {
  report({
    type: "notice",
    notice: {
      code: "PC186",
      message:
        "pods and who may describe machines can read user data: the safer ways are a gate (pullcast watch --gate) and live mode (push --delivery provider)",
    },
  });
  if (bytes < MAX_USER_DATA * 0.9) return;
  const message = `it has ${Math.ceil(bytes / 1024)} KiB: AWS takes ${MAX_USER_DATA / 1024} KiB of user data; send fewer registries (--only)`;
  report({ type: "notice", notice: { code: "PC187", message } });
}
