import type { Secret } from "../secret.ts";
import { type FileFacts, type NodeRecord, readFacts, readRecords, seconds } from "./records.ts";

/**
 * What a file is for: the kubelet's two formats, its providers' configuration, what pullcast's own provider prints,
 * k3s's and RKE2's registries.yaml.
 */
export type SurveyFileKind = "json" | "legacy" | "provider" | "answer" | "rancher";

/** A place on a node where a file may be; times are seconds since 1970 by the node's clock. */
export interface SurveyFile {
  readonly kind: SurveyFileKind;
  /** As the kubelet would open it. */
  readonly path: string;
  /** When something was last added to or removed from its directory; 0 where there is none. */
  readonly folderChangedAt: number;
  readonly found?: FoundFile;
  /** A symbolic link that leads nowhere. */
  readonly dangling: boolean;
}

/** What stands there, links followed. */
export interface FoundFile extends FileFacts {
  /** Absent for all but regular files of 1 MiB at most. */
  readonly content?: Secret<Uint8Array>;
}

/** The process of the kubelet that was proven. */
export interface SurveyKubelet {
  readonly pid: number;
  readonly startedAt: number;
  /** The process's name: `kubelet`, `k3s-server`, … */
  readonly name: string;
  readonly executable?: string;
  readonly unit?: string;
}

/** One of the runtime's own files, and its lines that name registries. */
export interface SurveyRuntimeFile {
  readonly kind: "containerd" | "hosts" | "crio" | "containers";
  readonly path: string;
  readonly lines: readonly string[];
}

/** One line of the kubelet's journal. */
export interface SurveyLogLine {
  readonly at: number;
  /** The process that wrote it. */
  readonly pid?: number;
  readonly text: string;
}

/** What one look at a node found. All text is the node's: clean it before it is shown. */
export interface NodeSurvey {
  readonly rootDir: string;
  readonly rootProof: "proven" | "assumed" | "given";
  readonly now: number;
  readonly kubelet?: SurveyKubelet;
  readonly cwd: string;
  /** What the kubelet takes for its home; its cwd where HOME is not set. */
  readonly home: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly files: readonly SurveyFile[];
  readonly providers?: {
    readonly config: string;
    readonly dir: string;
    readonly dirPresent: boolean;
    /** Names of executable files in `dir`. */
    readonly programs: readonly string[];
  };
  readonly runtime: readonly SurveyRuntimeFile[];
  /** Names of images that the runtime has, with a tag, a digest or neither; empty where no program tells them. */
  readonly images: readonly string[];
  /** When the kubelet's process first spoke in the node's journal; absent where it has none. */
  readonly journalFrom?: number;
  readonly log: readonly SurveyLogLine[];
}

/**
 * Reads what the survey program told, once `readReport` has found that it came to its end.
 *
 * @param stdout - holds credentials in base64: it must go nowhere else
 */
export function readSurvey(stdout: string, nonce: string): NodeSurvey {
  const records = readRecords(stdout, nonce);
  const last = (key: string) => records.findLast((record) => record.key === key)?.value;
  const root = last("root") ?? "";
  const proof = root.slice(root.lastIndexOf(" ") + 1);
  const kubelet = readKubelet(last);
  const providers = readProviders(records);
  const journalFrom = seconds(last("journal"));
  return {
    rootDir: root.slice(0, root.lastIndexOf("/config.json ")) || "/",
    rootProof: proof === "proven" || proof === "given" ? proof : "assumed",
    now: seconds(last("now")),
    ...(kubelet === undefined ? {} : { kubelet }),
    cwd: last("cwd") ?? "/",
    home: last("home") ?? "/",
    flags: readFlags(records),
    files: readFiles(records),
    ...(providers === undefined ? {} : { providers }),
    runtime: readRuntime(records),
    images: records.flatMap(({ key, value }) => (key === "image" ? [value] : [])),
    ...(journalFrom > 0 ? { journalFrom } : {}),
    log: records.flatMap(({ key, value }) => (key === "log" ? readLogLine(value) : [])),
  };
}

type Last = (key: string) => string | undefined;

function readKubelet(last: Last): SurveyKubelet | undefined {
  const [, pid, started, name] = /^(\d+) (\d+) (.*)$/.exec(last("kubelet") ?? "") ?? [];
  if (name === undefined) return undefined;
  const executable = last("exe");
  const unit = last("unit");
  return {
    pid: seconds(pid),
    startedAt: seconds(started),
    name,
    ...(executable ? { executable } : {}),
    ...(unit ? { unit } : {}),
  };
}

function readFlags(records: readonly NodeRecord[]): Record<string, string> {
  const flags: Record<string, string> = {};
  for (const { key, value } of records) {
    const [, name, text] = (key === "flag" && /^([a-z-]+) (.*)$/.exec(value)) || [];
    if (name !== undefined && text !== undefined) flags[name] = text;
  }
  return flags;
}

function readFiles(records: readonly NodeRecord[]): SurveyFile[] {
  return records.flatMap(({ key, value }, at) => {
    const [, kind, folder, rest = ""] =
      /^(json|legacy|provider|answer|rancher) (\d+) (.*)$/.exec(value) ?? [];
    if (kind === undefined) return [];
    const place = { kind: kind as SurveyFileKind, folderChangedAt: seconds(folder) };
    if (key === "absent" || key === "dangling") {
      return [{ ...place, path: rest, dangling: key === "dangling" }];
    }
    const facts = /^([0-9a-f]+) (\d+) (\d+) (\d+) (\d+) (\d+) (.*)$/.exec(rest);
    if (key !== "file" || facts === null) return [];
    const content = records[at + 1]?.content;
    const found = {
      ...readFacts(facts.slice(1, 7)),
      ...(content === undefined ? {} : { content }),
    };
    return [{ ...place, path: facts[7] ?? "", dangling: false, found }];
  });
}

function readProviders(records: readonly NodeRecord[]): NodeSurvey["providers"] {
  const config = records.find(({ key }) => key === "provider-config")?.value;
  if (config === undefined) return undefined;
  const [, state, dir = ""] =
    /^(missing|present) (.*)$/.exec(
      records.find(({ key }) => key === "provider-dir")?.value ?? "",
    ) ?? [];
  const programs = records.filter(({ key }) => key === "provider-bin").map(({ value }) => value);
  return { config, dir, dirPresent: state === "present", programs };
}

function readRuntime(records: readonly NodeRecord[]): SurveyRuntimeFile[] {
  const files: { kind: SurveyRuntimeFile["kind"]; path: string; lines: string[] }[] = [];
  for (const { key, value } of records) {
    if (key === "line") files.at(-1)?.lines.push(value);
    const [, kind, path] =
      (key === "runtime" && /^(containerd|hosts|crio|containers) (.*)$/.exec(value)) || [];
    if (path !== undefined) {
      files.push({ kind: kind as SurveyRuntimeFile["kind"], path, lines: [] });
    }
  }
  return files;
}

/** journalctl's short-unix: seconds, host, `name[pid]:`, text. */
function readLogLine(value: string): SurveyLogLine[] {
  const [, at, pid, text] = /^(\d+(?:\.\d+)?) \S+ [^[\s]+(?:\[(\d+)\])?: (.*)$/.exec(value) ?? [];
  if (text === undefined) return [];
  return [{ at: seconds(at), ...(pid === undefined ? {} : { pid: Number(pid) }), text }];
}
