import type { LoadedConfig } from "../credentials/model.ts";
import { Secret } from "../secret.ts";
import { agentLabels } from "./model.ts";

/** The files of a revision, as its Secret holds them and the DaemonSet's program reads them. */
export interface RevisionFiles {
  /** As latin1, byte for byte. */
  readonly config: Secret<string>;
  /** It tells the file's digest. */
  readonly header: Secret<string>;
}

const TYPE = "pullcast.dev/revision";

/**
 * The immutable Secret of one revision. Its name tells when it was made, and nothing of what is in it: a digest would
 * let who reads pods try passwords.
 */
export function revisionSecret(
  {
    namespace,
    name,
    run,
  }: { readonly namespace: string; readonly name: string; readonly run: string },
  { config, header }: RevisionFiles,
): object {
  const encode = (text: Secret<string>) => Buffer.from(text.reveal(), "latin1").toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: revisionName(name, run), namespace, labels: agentLabels(name) },
    type: TYPE,
    immutable: true,
    data: { "config.json": encode(config), header: encode(header) },
  };
}

/** Of a revision's Secret. */
export function revisionName(name: string, run: string): string {
  return `${name}-${run.toLowerCase()}`;
}

/** What a revision's Secret holds; `undefined` for others. */
export function readRevision(secret: unknown): RevisionFiles | undefined {
  const { type, data } = (secret ?? {}) as {
    readonly type?: unknown;
    readonly data?: Readonly<Record<string, unknown>>;
  };
  const { "config.json": config, header } = data ?? {};
  if (type !== TYPE || typeof config !== "string" || typeof header !== "string") return undefined;
  const decode = (text: string) => new Secret(Buffer.from(text, "base64").toString("latin1"));
  return { config: decode(config), header: decode(header) };
}

/** Whether two revisions put the same file on nodes: run, age limit and story may differ. */
export function isSameFile(one: RevisionFiles, other: RevisionFiles): boolean {
  const told = ({ config, header }: RevisionFiles) =>
    [config.reveal(), ...header.reveal().split(" ").slice(0, 5)].join(" ");
  return told(one) === told(other);
}

/** The bytes of a configuration as a revision holds them. */
export function revisionText({ bytes }: Pick<LoadedConfig, "bytes">): Secret<string> {
  return new Secret(Buffer.from(bytes.reveal()).toString("latin1"));
}
