import type { ImageReference } from "./reference.ts";

/** All names under which Docker Hub's logins and images are known; its API has a host of its own. */
const DOCKER_HUB: ReadonlySet<string> = new Set([
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
]);
const DOCKER_HUB_API = "registry-1.docker.io";

/** The API's URL of a registry, `HOST` or `HOST:PORT`; `path` is what follows `/v2/`. */
export function apiUrl(registry: string, path = ""): URL {
  return new URL(`https://${isDockerHub(registry) ? DOCKER_HUB_API : registry}/v2/${path}`);
}

/** Where a reference's manifest is. */
export function manifestUrl({ domain, path, tag, digest }: ImageReference): URL {
  return apiUrl(domain, `${path}/manifests/${digest ?? tag ?? "latest"}`);
}

/** Whether a text is `HOST` or `HOST:PORT` and nothing more: no pattern, no path. */
export function isRegistryHost(text: string): boolean {
  if (!/^(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(text)) return false;
  return URL.canParse(`https://${text}/`);
}

function isDockerHub(registry: string): boolean {
  return DOCKER_HUB.has(registry);
}
