import { PullcastError } from "../../errors.ts";
import { DEFAULT_REGISTRY, servesImage } from "../../kubelet/look-up.ts";
import { normalizeKey } from "../../kubelet/normalize-key.ts";
import { readProviderConfig } from "../../kubelet/provider-config.ts";
import { readEntries } from "../../kubelet/read-entries.ts";
import type { LookFile, NodeLook } from "../../node/read-look.ts";
import type { NodeSurvey } from "../../node/read-survey.ts";
import { readRuntimeRegistries } from "../../node/runtime-registries.ts";
import { parseReference, repositoryOf } from "../../registry/reference.ts";
import type { Secret } from "../../secret.ts";
import { cleanText } from "../../util/clean-text.ts";

/** A place on a node, and what it still has for a registry; no values. */
export interface LoginPlace {
  readonly place: string;
  readonly keys: readonly string[];
}

/** Whether a key is of one of these registries: the same key, or a host alone and any path on it. None means all. */
export function isOfRegistries(key: string, registries: readonly string[]): boolean {
  const own = normal(key);
  return (
    registries.length === 0 ||
    registries.some((registry) => {
      const wanted = normal(registry);
      return own === wanted || (!wanted.includes("/") && own.split("/")[0] === wanted);
    })
  );
}

function normal(key: string): string {
  const found = normalizeKey(key);
  return "why" in found ? key : found.registry;
}

/** Names of images on a node that these registries' logins would have served. */
export function imagesServed(
  { images }: NodeSurvey,
  registries: readonly string[],
): readonly string[] {
  return images.filter((image) => {
    const repository = repositoryIn(image);
    return (
      repository !== undefined &&
      registries.some((key) => servesImage(normal(key), repository) || isHubs(key, repository))
    );
  });
}

function repositoryIn(image: string): string | undefined {
  try {
    return repositoryOf(parseReference(image));
  } catch (error) {
    if (error instanceof PullcastError) return undefined;
    throw error;
  }
}

/** The kubelet's key of Docker Hub is not the host in its images' names. */
function isHubs(key: string, repository: string): boolean {
  return normal(key) === DEFAULT_REGISTRY && repository.startsWith("docker.io/");
}

/**
 * All places on a node that hold a login for these registries, pullcast's file with entries of others among them:
 * the kubelet's other files, files that pullcast keeps, credential providers, the container runtime.
 */
export async function placesWithLogins(
  look: NodeLook,
  { survey, registries }: { readonly survey: NodeSurvey; readonly registries: readonly string[] },
): Promise<LoginPlace[]> {
  const kept = [look.file, ...look.kept].map(({ path, content }: LookFile) => ({
    path: `${survey.rootDir}/${path}`,
    format: "config.json" as const,
    content,
  }));
  const others = survey.files.flatMap(({ kind, path, found }) =>
    kind === "json" || kind === "legacy"
      ? [{ path, format: kind === "json" ? "config.json" : ".dockercfg", content: found?.content }]
      : [],
  );
  const seen = new Set<string>();
  const files = [...kept, ...others].flatMap(({ path, format, content }): LoginPlace[] => {
    if (content === undefined || seen.has(path)) return [];
    seen.add(path);
    const keys = keysOf(content, format as "config.json" | ".dockercfg");
    return placeOf(path, keys, registries);
  });
  return [
    ...files,
    ...(await providerPlaces(survey, registries)),
    ...(await runtimePlaces(survey, registries)),
  ];
}

function placeOf(
  place: string,
  keys: readonly string[],
  registries: readonly string[],
): LoginPlace[] {
  const found = [...new Set(keys.filter((key) => isOfRegistries(key, registries)))];
  return found.length === 0
    ? []
    : [{ place: cleanText(place, 300), keys: found.map((key) => cleanText(key, 300)) }];
}

function keysOf(content: Secret<Uint8Array>, format: "config.json" | ".dockercfg"): string[] {
  return readEntries(content.reveal(), format).entries.map(({ key }) => key);
}

async function providerPlaces(
  survey: NodeSurvey,
  registries: readonly string[],
): Promise<LoginPlace[]> {
  const files = survey.files.flatMap(({ kind, path, found }) =>
    kind === "provider" && found?.content !== undefined ? [{ path, content: found.content }] : [],
  );
  const { providers } = await readProviderConfig(files);
  return providers.flatMap(({ name, matchImages }) =>
    placeOf(`credential provider ${name}`, matchImages, registries),
  );
}

async function runtimePlaces(
  survey: NodeSurvey,
  registries: readonly string[],
): Promise<LoginPlace[]> {
  const known = await readRuntimeRegistries(survey);
  return known.flatMap(({ path, type, registry }) =>
    type === "mirror" ? [] : placeOf(path, [registry], registries),
  );
}
