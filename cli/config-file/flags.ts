import { dirname, isAbsolute, join } from "node:path";
import type { ConfigFile, GroupConfig, PoolConfig } from "./schema.ts";

/** Flags of `pullcast push` whose values are paths: in a file they are relative to its directory. */
const PATHS: ReadonlySet<string> = new Set([
  "identity",
  "known-hosts",
  "ssh-config",
  "config",
  "ca",
]);

type Value = string | number | boolean | undefined;

/** Flags of one pool: the name of each and its values. */
type Flags = readonly (readonly [name: string, values: readonly Value[]])[];

/**
 * The arguments of `pullcast push` that do what a file says of one pool.
 *
 * @param file - its path, which relative paths in it go from
 */
export function poolArguments(
  config: ConfigFile,
  pool: PoolConfig,
  file: string,
): {
  readonly operands: readonly string[];
  readonly flags: ReadonlyMap<string, readonly string[]>;
} {
  return {
    operands: pool.nodes ?? [],
    flags: textsOf(flagsOf(config, withDefaults(config, pool)), dirname(file)),
  };
}

/**
 * The flags of `pullcast secret apply` that do what a file says of one group of namespaces; of the defaults, the source
 * counts.
 *
 * @param file - its path, which relative paths in it go from
 */
export function groupFlags(
  { cluster, defaults = {} }: ConfigFile,
  group: GroupConfig,
  file: string,
): ReadonlyMap<string, readonly string[]> {
  const flags: Flags = [
    ["context", [cluster?.context]],
    ["name", [group.secret]],
    ["namespace", group.namespaces ?? []],
    ["namespace-selector", [group.namespaceSelector]],
    ["all-namespaces", [group.allNamespaces]],
    ["exclude", group.exclude ?? []],
    ...sourceFlags({ ...defaults.source, ...group.source }),
    ["service-account", group.serviceAccounts ?? []],
    ["all-service-accounts", [group.allServiceAccounts]],
    ["replace", [group.replace]],
    ["strict", [group.strict]],
  ];
  return textsOf(flags, dirname(file));
}

function textsOf(flags: Flags, base: string): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const [name, values] of flags) {
    const texts = values.flatMap((value) => {
      if (value === undefined || value === false) return [];
      return [PATHS.has(name) ? pathFrom(base, String(value)) : String(value)];
    });
    if (texts.length > 0) found.set(name, texts);
  }
  return found;
}

function sourceFlags(source: NonNullable<PoolConfig["source"]>): Flags {
  return [
    ["config", source.configs ?? []],
    ["from-secret", source.secrets ?? []],
    ["from-cloud", source.clouds ?? []],
    ["only", source.only ?? []],
    ["except", source.except ?? []],
    ["all-from-store", [source.allFromStore]],
  ];
}

/** A setting of the pool takes the place of that of the defaults, field by field. */
function withDefaults({ defaults = {} }: ConfigFile, pool: PoolConfig): PoolConfig {
  const { ssh, source, restart, waves, verify } = pool;
  return {
    ...defaults,
    ...pool,
    ssh: { ...defaults.ssh, ...ssh },
    source: { ...defaults.source, ...source },
    restart: { ...defaults.restart, ...restart },
    waves: { ...defaults.waves, ...waves },
    verify: verify === undefined ? defaults.verify : { ...defaults.verify, ...verify },
  };
}

function flagsOf({ cluster }: ConfigFile, pool: PoolConfig): Flags {
  const { ssh = {}, source = {}, restart = {}, waves = {}, verify } = pool;
  return [
    ["context", [pool.hosts === undefined ? cluster?.context : undefined]],
    ["selector", [pool.selector]],
    ["field-selector", [pool.fieldSelector]],
    ["exclude", pool.exclude ?? []],
    ["hosts", pool.hosts ?? []],
    ["address", [pool.address]],
    ["ssh-user", [ssh.user]],
    ["ssh-port", [ssh.port]],
    ["identity", ssh.identities ?? []],
    ["known-hosts", ssh.knownHosts ?? []],
    ["host-key-checking", [ssh.hostKeyChecking]],
    ["ssh-host-template", [ssh.hostTemplate]],
    ["transport", [ssh.transport]],
    ["ssh-config", [ssh.config]],
    ["ssh-option", Object.entries(ssh.options ?? {}).map(([key, value]) => `${key}=${value}`)],
    ["become", [ssh.become]],
    ["connect-timeout", [ssh.connectTimeout]],
    ["node-timeout", [ssh.nodeTimeout]],
    ...sourceFlags(source),
    ["delivery", [pool.delivery]],
    ["provider-ports", [pool.providerPorts?.join(",")]],
    ["merge", [pool.merge]],
    ["field-manager", [pool.fieldManager]],
    ["replace", [pool.replace]],
    ["annotate", [pool.annotate]],
    ["strict", [pool.strict]],
    ["force", [pool.force]],
    ["path", [pool.path]],
    ["concurrency", [pool.concurrency]],
    ["restart-kubelet", [restart.kubelets]],
    ["max-unavailable", [restart.maxUnavailable]],
    ["kubelet-restart-command", [restart.command]],
    ["ready-timeout", [restart.readyTimeout]],
    ["waves", [waves.sizes?.join(",")]],
    ["wave-by", [waves.by]],
    ["max-failures", [waves.maxFailures]],
    ["on-failure", [waves.onFailure]],
    ["pause-after", [waves.pauseAfter]],
    // An image alone is to be proven in the end.
    ["verify", [verify === undefined ? undefined : (verify.after ?? verify.between !== true)]],
    ["verify-between", [verify?.between]],
    ["image", [verify?.image]],
    ["proof", [verify?.proof]],
    ["namespace", [verify?.namespace]],
    ["timeout", [verify?.timeout]],
    ["max-pulls", [verify?.maxPulls]],
    ["assume-private", [verify?.assumePrivate]],
    ["ca", [verify?.ca]],
  ];
}

function pathFrom(base: string, path: string): string {
  return isAbsolute(path) || path.startsWith("~/") || path === "-" ? path : join(base, path);
}
