import type { LoadedConfig } from "../credentials/model.ts";
import { standingHeader } from "../node/compose.ts";
import { formatStory, storyEntry } from "../node/story.ts";
import type { Secret } from "../secret.ts";

interface StandingOptions {
  /** Absolute path of the directory of config.json, as the program sees it. */
  readonly dir: string;
  readonly run: string;
  /** Overwrite what others wrote. */
  readonly replace: boolean;
  /** For people; kept on the node. */
  readonly operator: string;
  /** What is written there, where it is not `config` itself. */
  readonly sent?: LoadedConfig;
}

/** What an install of these credentials is told that no operator's run stands behind: a DaemonSet's, a machine's first boot. */
export function standingOf(
  config: LoadedConfig,
  { dir, run, replace, operator, sent = config }: StandingOptions,
): Secret<string> {
  const manager = `${operator}: ${config.source}`;
  const story = formatStory({
    ...{ run, at: new Date().toISOString(), operation: "push", operator },
    ...{ source: config.source, manager },
    entries: config.credentials.map((one) => storyEntry(one, [manager])),
  });
  return standingHeader({ dir, run, replace, config: sent, story });
}
