import type { HostSettings } from "../host-settings.ts";
import type { HostTrust } from "../host-trust.ts";

/**
 * The settings by which ssh checks a host's key as we do: a pinned node, and one that nobody knows, goes by the
 * name of its pin, so that a new key is kept under its UID and its address stays free for others.
 */
export function trustedSettings(settings: HostSettings, trust: HostTrust): HostSettings {
  const { pin, isPinned } = trust;
  const isUnknown = trust.keyTypes().size === 0 && trust.authority() === undefined;
  if (pin === undefined || !(isPinned || isUnknown)) return settings;
  const { system, ...rest } = settings;
  const named: HostSettings = {
    ...rest,
    hostKeyAlias: pin.name,
    // What the user's files revoke counts for a pinned node too.
    knownHosts: [...new Set([...pin.files, ...settings.knownHosts])],
  };
  if (system === undefined) return named;
  // A live connection of the user's was checked by another name.
  const { controlPath: _, ...own } = system;
  return { ...named, system: own };
}
