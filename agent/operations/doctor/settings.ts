import { BY_TEMPLATE, type Target } from "../../model.ts";
import { type Endpoint, type HostSettings, plainSettings } from "../../transport/host-settings.ts";
import type { HostResolver } from "../../transport/resolve-host.ts";
import type { SshOptions } from "../../transport/transport.ts";
import type { DiagnosedSetting } from "./model.ts";

type Source = Pick<DiagnosedSetting, "source" | "place">;

interface Setting {
  readonly name: DiagnosedSetting["name"];
  readonly field: keyof HostSettings;
  /** ssh's keyword for it. */
  readonly keyword: string;
  /** Who said so where it is neither ssh's configuration nor the default. */
  readonly said?: Source | undefined;
}

interface Sourcing {
  /** The node, or what the user called a jump host. */
  readonly target: Endpoint | Target;
  readonly options: SshOptions;
  readonly resolver: HostResolver;
}

/**
 * Settings of a host, each with who said so. What differs from what would hold without ssh's configuration is
 * the configuration's. What equals it is the configuration's where a line of it is known to say so; but what that
 * says of host key checking may not count for a cluster's node.
 */
export async function sourcedSettings(
  settings: HostSettings,
  { target, options, resolver }: Sourcing,
): Promise<DiagnosedSetting[]> {
  const plain = plainSettings(target, options);
  const told = settingsToTell(settings, target, options).map(async (setting) => {
    const { name, field, keyword, said } = setting;
    const value = textOf(settings[field]);
    const usual = textOf(plain[field]);
    if (value === "none" && (usual === "none" || name === "identities")) return [];
    const isSaid = said !== undefined && (field !== "host" || value === usual);
    const place = isSaid ? undefined : await resolver.placeOf(settings, keyword);
    const source = isSaid ? said : configuredSource(place, { field, isUsual: value === usual });
    return [{ name, value, ...source }];
  });
  return (await Promise.all(told)).flat();
}

/** Of a value that no flag gave. */
function configuredSource(
  place: string | undefined,
  { field, isUsual }: { readonly field: keyof HostSettings; readonly isUsual: boolean },
): Source {
  if (isUsual && (place === undefined || field === "hostKeyChecking")) return { source: "default" };
  if (place === "-o") return { source: "flag", place: "--ssh-option" };
  return { source: "ssh-config", ...(place === undefined ? {} : { place }) };
}

function settingsToTell(
  { asJump }: HostSettings,
  target: Endpoint | Target,
  options: SshOptions,
): readonly Setting[] {
  const flag = (name: string, value: unknown): Source | undefined =>
    value === undefined ? undefined : { source: "flag", place: name };
  const byJump = (value: unknown): Source | undefined =>
    value === undefined ? undefined : { source: "ssh-config", place: "ProxyJump" };
  const port = byJump(asJump?.port) ?? flag("--hosts", target.port);
  return [
    { name: "host", field: "host", keyword: "hostname", said: hostSource(target) },
    {
      name: "port",
      field: "port",
      keyword: "port",
      said: port ?? flag("--ssh-port", options.port),
    },
    {
      name: "user",
      field: "user",
      keyword: "user",
      said: byJump(asJump?.user) ?? flag("--ssh-user", options.user),
    },
    {
      name: "identities",
      field: "identities",
      keyword: "identityfile",
      said: { source: "flag", place: "-i" },
    },
    { name: "identities", field: "configuredIdentities", keyword: "identityfile" },
    { name: "identities", field: "defaultIdentities", keyword: "identityfile" },
    { name: "identities only", field: "identitiesOnly", keyword: "identitiesonly" },
    { name: "agent", field: "agentSocket", keyword: "identityagent" },
    {
      name: "known hosts",
      field: "knownHosts",
      keyword: "userknownhostsfile",
      said: flag("--known-hosts", options.knownHosts),
    },
    {
      name: "host key checking",
      field: "hostKeyChecking",
      keyword: "stricthostkeychecking",
      said: flag("--host-key-checking", options.hostKeyChecking),
    },
    { name: "host key alias", field: "hostKeyAlias", keyword: "hostkeyalias" },
    { name: "jump", field: "proxyJump", keyword: "proxyjump" },
  ];
}

/** Which of the node's addresses it is, or the flag that named it; jump hosts are named by ProxyJump alone. */
function hostSource(target: Endpoint | Target): Source | undefined {
  if (!("addressKind" in target)) return undefined;
  const { addressKind } = target;
  if (addressKind === "given") return { source: "flag", place: "--hosts" };
  if (addressKind === BY_TEMPLATE) return { source: "flag", place: "--ssh-host-template" };
  return { source: "node", place: addressKind };
}

function textOf(value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value) ? value.join(", ") : String(value);
}
