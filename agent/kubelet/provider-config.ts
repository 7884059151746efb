import { Secret } from "../secret.ts";

/** A credential provider plugin as the kubelet's configuration names it. Its arguments and environment may be secret. */
export interface CredentialProvider {
  /** The program's name in the directory of plugins. */
  readonly name: string;
  readonly matchImages: readonly string[];
  /** As written, for instance `12h`. */
  readonly defaultCacheDuration?: string;
}

/** What the kubelet reads at its start; a fault keeps it from starting. */
export interface ProviderConfig {
  readonly providers: readonly CredentialProvider[];
  /** Nothing secret. */
  readonly faults: readonly string[];
}

/**
 * Reads the configuration of credential providers: one file, or (1.35) all of a directory in the order of names.
 *
 * Source: kubernetes pkg/credentialprovider/plugin/config.go, 1.35.
 */
export async function readProviderConfig(
  files: readonly { readonly path: string; readonly content: Secret<Uint8Array> }[],
): Promise<ProviderConfig> {
  const { parse } = await import("yaml");
  const providers: CredentialProvider[] = [];
  const faults: string[] = [];
  for (const { path, content } of files) {
    const read = readOne(() => parse(Buffer.from(content.reveal()).toString()));
    if (typeof read === "string") faults.push(`${path}: ${read}`);
    else {
      for (const provider of read) {
        const twice = providers.some(({ name }) => name === provider.name);
        if (twice) faults.push(`${path}: the provider ${provider.name} stands there twice`);
        else providers.push(provider);
      }
    }
  }
  if (files.length > 0 && faults.length === 0 && providers.length === 0) {
    faults.push("it names no provider");
  }
  return { providers, faults };
}

/** A provider that is asked for every image that one of the patterns serves, and whose answers are not kept. */
interface OwnProvider {
  readonly name: string;
  readonly matchImages: readonly string[];
}

/**
 * A list of providers: ours alone, or beside those of another list, which stay as they are and come first.
 *
 * @param others - a file that `readProviderConfig` finds no fault with
 */
export async function composeProviderConfig(
  { name, matchImages }: OwnProvider,
  others?: Secret<Uint8Array>,
): Promise<Secret<Uint8Array>> {
  const { parseDocument, stringify } = await import("yaml");
  const own = {
    name,
    apiVersion: "credentialprovider.kubelet.k8s.io/v1",
    matchImages,
    defaultCacheDuration: "0s",
  };
  if (others !== undefined) {
    const document = parseDocument(Buffer.from(others.reveal()).toString());
    document.addIn(["providers"], document.createNode(own));
    return new Secret(Buffer.from(document.toString()));
  }
  const config = {
    apiVersion: "kubelet.config.k8s.io/v1",
    kind: "CredentialProviderConfig",
    providers: [own],
  };
  return new Secret(Buffer.from(stringify(config)));
}

/** The providers of one file, or what is wrong with it; a parser's words may quote the file, so they are dropped. */
function readOne(parse: () => unknown): CredentialProvider[] | string {
  let document: unknown;
  try {
    document = parse();
  } catch {
    return "it is neither YAML nor JSON";
  }
  const { kind, apiVersion, providers } = fields(document);
  if (kind !== "CredentialProviderConfig") return "its kind is not CredentialProviderConfig";
  if (!/^kubelet\.config\.k8s\.io\/v1(?:alpha1|beta1)?$/.test(String(apiVersion))) {
    return "its apiVersion is not kubelet.config.k8s.io/v1";
  }
  if (!Array.isArray(providers)) return "it has no list of providers";
  const read = providers.map(readProvider);
  return read.find((one) => typeof one === "string") ?? (read as CredentialProvider[]);
}

function readProvider(value: unknown): CredentialProvider | string {
  const { name, matchImages, defaultCacheDuration } = fields(value);
  if (typeof name !== "string" || !/^[^/ ]+$/.test(name)) return "a provider has no usable name";
  const images = Array.isArray(matchImages)
    ? matchImages.filter((image): image is string => typeof image === "string")
    : [];
  if (images.length === 0) return `the provider ${name} has no matchImages`;
  if (typeof defaultCacheDuration !== "string") {
    return `the provider ${name} has no defaultCacheDuration`;
  }
  return { name, matchImages: images, defaultCacheDuration };
}

/** The fields that are read; any may be missing or of another type. */
type Fields = {
  readonly [Key in
    | "kind"
    | "apiVersion"
    | "providers"
    | "name"
    | "matchImages"
    | "defaultCacheDuration"]?: unknown;
};

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}
