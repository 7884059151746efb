import { performance } from "node:perf_hooks";
import type { CheckGroup, CheckItem, CheckReport } from "../model.ts";
import { readReach } from "../registry/reach.ts";
import { parseReference } from "../registry/reference.ts";
import { createHostResolver } from "../transport/resolve-host.ts";
import { checkCluster } from "./check/cluster.ts";
import { checkPlatforms, type PlatformCheck } from "./check/platforms.ts";
import { checkRegistries } from "./check/registry.ts";
import { checkSource } from "./check/source.ts";
import { checkSsh } from "./check/ssh.ts";
import { checkTemplates } from "./check/templates.ts";
import type { CheckOptions } from "./options.ts";

/**
 * Looks at all that a push will meet, and with an image also a verify: kubectl and its context, permissions,
 * nodes, SSH up to the first write, the source, and whether its credentials work from here. Changes nothing;
 * what is bad in one group hides no other.
 *
 * @throws PullcastError PC001 (the CA file), PC701 (no image reference); the signal's reason after an abort
 */
export async function check(options: CheckOptions): Promise<CheckReport> {
  const startedAt = new Date();
  const began = performance.now();
  const { signal } = options;
  const image = options.image === undefined ? {} : { image: parseReference(options.image) };
  const reach = await readReach(options);
  const resolver = createHostResolver(options.ssh);
  const watched = watcher(options);
  const cluster = watched(["kubectl", "rbac", "nodes"], checkCluster(options, resolver));
  const source = watched(["source"], checkSource(options));
  const [
    { items: clusterItems, context },
    { items: sourceItems },
    ssh,
    registry,
    coverage,
    templates,
  ] = await Promise.all([
    cluster,
    source,
    watched(
      ["ssh"],
      Promise.all([cluster, source]).then(([{ targets }, { config }]) =>
        checkSsh(options, { targets, resolver, ...(config === undefined ? {} : { config }) }),
      ),
    ),
    watched(
      ["registry"],
      source.then(({ config }) =>
        checkRegistries({ ...image, reach, signal, ...(config === undefined ? {} : { config }) }),
      ),
    ),
    image.image === undefined
      ? []
      : watched(["registry"], platforms({ image: image.image, reach, signal }, cluster, source)),
    options.templates !== true
      ? []
      : watched(
          ["templates"],
          Promise.all([cluster, source]).then(([{ targets }, { config }]) =>
            checkTemplates(options, { targets, ...(config === undefined ? {} : { config }) }),
          ),
        ),
  ]);
  const items: readonly CheckItem[] = [
    ...clusterItems,
    ...ssh,
    ...sourceItems,
    ...registry,
    ...coverage,
    ...templates,
  ];
  return {
    kind: "CheckReport",
    startedAt: startedAt.toISOString(),
    durationMs: Math.round(performance.now() - began),
    ...(context === undefined ? {} : { context: context.name }),
    interrupted: signal.aborted,
    items,
  };
}

async function platforms(
  check: Omit<PlatformCheck, "targets" | "config">,
  cluster: ReturnType<typeof checkCluster>,
  source: ReturnType<typeof checkSource>,
): Promise<CheckItem[]> {
  const [{ targets }, { config }] = await Promise.all([cluster, source]);
  return await checkPlatforms({ ...check, targets, ...(config === undefined ? {} : { config }) });
}

/** Tells which groups are still looked at. */
function watcher({ report }: CheckOptions) {
  const open = new Set<CheckGroup>();
  const tell = () => report({ type: "checking", groups: [...open] });
  return async <T>(groups: readonly CheckGroup[], work: Promise<T>): Promise<T> => {
    for (const group of groups) open.add(group);
    tell();
    try {
      return await work;
    } finally {
      for (const group of groups) open.delete(group);
      tell();
    }
  };
}
