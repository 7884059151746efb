import type { LoadedConfig } from "../../credentials/model.ts";
import type { CheckItem } from "../../model.ts";
import { judgeCredentials, refusalOf } from "../judge-credentials.ts";
import { loadCredentials } from "../load-credentials.ts";
import type { CheckOptions } from "../options.ts";
import { errorItem, noticeItem, okItem } from "./items.ts";

/** What push would send, and what is doubtful about its source. */
export interface SourceFindings {
  readonly items: readonly CheckItem[];
  /** Absent where the source is unusable. */
  readonly config?: LoadedConfig;
}

/** Reads the credential source as push does. */
export async function checkSource(options: CheckOptions): Promise<SourceFindings> {
  try {
    const config = await loadCredentials(options.source, options);
    const { source, entries } = config;
    const { problems, notices } = judgeCredentials(config, new Date());
    const refusal = refusalOf(problems, false);
    const count = entries.length === 1 ? "1 credential" : `${entries.length} credentials`;
    const subject = { group: "source", name: source } as const;
    return {
      config,
      items: [
        okItem(
          subject,
          `${count} for nodes: ${entries.slice(0, 8).join(", ")}${entries.length > 8 ? ", …" : ""}`,
        ),
        ...(refusal === undefined ? [] : [errorItem(subject, refusal)]),
        ...notices.map((notice) => noticeItem(subject, notice)),
      ],
    };
  } catch (error) {
    options.signal.throwIfAborted();
    return { items: [errorItem({ group: "source", name: "credentials" }, error)] };
  }
}
