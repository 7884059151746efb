import type { NodeSurvey, SurveyRuntimeFile } from "./read-survey.ts";

/** One thing that the container runtime knows of a registry by itself. No values, hosts and paths alone. */
export interface RuntimeRegistry {
  /** The file that says it. */
  readonly path: string;
  /** `login`: credentials of its own; `mirror`: another host serves its images; `header`: raw headers for a host. */
  readonly type: "login" | "mirror" | "header";
  /** The registry, as written; `*` for all. */
  readonly registry: string;
  /** The mirror, or the file that holds the credentials. */
  readonly target?: string;
}

/**
 * The runtime's own registry settings. The kubelet knows nothing of them: it looks up the registry of the image's
 * name, and what it sends goes before the runtime's own credentials.
 */
export async function readRuntimeRegistries(survey: NodeSurvey): Promise<RuntimeRegistry[]> {
  const plain = survey.runtime.flatMap(readFile);
  const rancher = survey.files.filter(({ kind }) => kind === "rancher");
  const texts = rancher.flatMap(({ path, found }) =>
    found?.content === undefined
      ? []
      : [{ path, text: Buffer.from(found.content.reveal()).toString() }],
  );
  if (texts.length === 0) return plain;
  const { parse } = await import("yaml");
  return [...plain, ...texts.flatMap(({ path, text }) => readRancher(path, () => parse(text)))];
}

function readFile(file: SurveyRuntimeFile): RuntimeRegistry[] {
  switch (file.kind) {
    case "containerd":
      return file.lines.flatMap((line) => readContainerd(file.path, line));
    case "hosts":
      return readHosts(file);
    case "crio":
      return file.lines.flatMap((line) => {
        const target = quoted(line);
        return target ? [{ path: file.path, type: "login", registry: "*", target }] : [];
      });
    case "containers":
      return readContainers(file);
  }
}

/** `[plugins."io.containerd.grpc.v1.cri".registry.configs."HOST".auth]`, and `.mirrors."HOST"`. */
function readContainerd(path: string, line: string): RuntimeRegistry[] {
  const [, table, registry, rest] =
    /\.registry\.(configs|mirrors)\.["']?([^"'\]]+?)["']?(?:\.(auth|tls|header))?\]/.exec(line) ??
    [];
  if (registry === undefined) return [];
  if (table === "mirrors") return [{ path, type: "mirror", registry }];
  return rest === "auth" ? [{ path, type: "login", registry }] : [];
}

/** `certs.d/HOST/hosts.toml`: its directory is the registry, `_default` all of them. */
function readHosts({ path, lines }: SurveyRuntimeFile): RuntimeRegistry[] {
  const folder = path.split("/").at(-2) ?? "";
  const registry = folder === "_default" ? "*" : folder.replace(/_(\d+)_$/, ":$1");
  return lines.flatMap((line): RuntimeRegistry[] => {
    const [, host, header] = /\[host\.["']([^"']+)["'](\.header)?\]/.exec(line) ?? [];
    if (host === undefined) return [];
    const target = hostOf(host);
    if (header !== undefined) return [{ path, type: "header", registry, target }];
    return target === registry ? [] : [{ path, type: "mirror", registry, target }];
  });
}

/** containers' registries.conf: `location` under `[[registry.mirror]]` is a mirror of the registry before. */
function readContainers({ path, lines }: SurveyRuntimeFile): RuntimeRegistry[] {
  const found: RuntimeRegistry[] = [];
  let registry = "";
  let inMirror = false;
  for (const line of lines) {
    const text = quoted(line);
    if (line.includes("[[registry")) {
      inMirror = line.includes("[[registry.mirror");
      if (!inMirror) registry = "";
    } else if (inMirror && /^\s*location/.test(line)) {
      found.push({ path, type: "mirror", registry, target: text });
    } else if (!inMirror && (registry === "" || /^\s*prefix/.test(line))) registry = text;
  }
  return found;
}

/** k3s's and RKE2's registries.yaml: `mirrors.HOST.endpoint`, `configs.HOST.auth`. */
function readRancher(path: string, parse: () => unknown): RuntimeRegistry[] {
  let document: unknown;
  try {
    document = parse();
  } catch {
    return [];
  }
  const { mirrors, configs } = record(document);
  return [
    ...Object.entries(record(mirrors)).map(([registry, mirror]): RuntimeRegistry => {
      const { endpoint } = record(mirror);
      const [first] = Array.isArray(endpoint) ? endpoint : [];
      const target = typeof first === "string" ? { target: hostOf(first) } : {};
      return { path, type: "mirror", registry, ...target };
    }),
    ...Object.entries(record(configs)).flatMap(([registry, config]): RuntimeRegistry[] =>
      record(config).auth === undefined ? [] : [{ path, type: "login", registry }],
    ),
  ];
}

type RancherFields = Readonly<
  Partial<Record<"mirrors" | "configs" | "endpoint" | "auth", unknown>> & Record<string, unknown>
>;

function record(value: unknown): RancherFields {
  return typeof value === "object" && value !== null ? (value as RancherFields) : {};
}

function quoted(line: string): string {
  return /=\s*["']?([^"']*?)["']?\s*$/.exec(line)?.[1] ?? "";
}

/** A URL may hold a login: only the host is for people. */
function hostOf(url: string): string {
  return url
    .replace(/^[a-z]+:\/\//i, "")
    .replace(/[/?#].*$/s, "")
    .replace(/^.*@/, "");
}
