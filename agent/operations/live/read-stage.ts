import { type NodeSurvey, readSurvey } from "../../node/read-survey.ts";
import { readRecords } from "../../node/records.ts";
import type { Secret } from "../../secret.ts";

/** How a node's kubelet is started, and which providers it has. */
export interface LiveStage extends Pick<NodeSurvey, "kubelet" | "providers" | "files"> {
  /** The process that systemd started for the kubelet's unit. */
  readonly main: { readonly pid: number; readonly name: string };
  /** As the kubelet itself tells it (`v1.35.4`); absent where it is part of another program. */
  readonly version?: string;
  /** The files of the unit, as `systemctl cat` prints them. */
  readonly unitText?: Secret<Uint8Array>;
}

/**
 * Reads what the step `stage` told, once `readReport` has found that it came to its end.
 *
 * @param stdout - may hold secrets of others' providers in base64: it must go nowhere else
 */
export function readStage(stdout: string, nonce: string): LiveStage {
  const { kubelet, providers, files } = readSurvey(stdout, nonce);
  const records = readRecords(stdout, nonce);
  const at = records.findIndex(({ key }) => key === "unit-text");
  const unitText = at < 0 ? undefined : records[at + 1]?.content;
  const [, pid = "0", name = ""] =
    /^(\d+) (.*)$/.exec(records.find(({ key }) => key === "main")?.value ?? "") ?? [];
  const [, version] =
    /^Kubernetes (v\S+)$/.exec(records.find(({ key }) => key === "version")?.value ?? "") ?? [];
  return {
    ...(kubelet === undefined ? {} : { kubelet }),
    ...(providers === undefined ? {} : { providers }),
    files,
    main: { pid: Number(pid), name },
    ...(version === undefined ? {} : { version }),
    ...(unitText === undefined ? {} : { unitText }),
  };
}
