import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { PullcastError } from "../../errors.ts";
import { fingerprint } from "../host-key.ts";
import type { HostSettings } from "../host-settings.ts";
import type { HostTrust } from "../host-trust.ts";
import type { KnownKey } from "../known-hosts.ts";
import { renewal } from "../pins.ts";
import { sshError, systemCode } from "../ssh-error.ts";
import type { SshLog } from "./ssh-log.ts";

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
    knownHosts: pin.files,
    // A pin is looked for by its plain name.
    hashKnownHosts: false,
    ...(isPinned && { trustsFilesOnly: true }),
  };
  if (system === undefined) return named;
  // A live connection of the user's was checked by another name.
  const { controlPath: _, ...own } = system;
  return { ...named, system: own };
}

/**
 * Makes the directory for a new key: ssh makes none but its own, and goes on without keeping the key.
 * @throws {PullcastError} PC215
 */
export async function prepareFile({ hostKeyChecking, knownHosts }: HostSettings): Promise<void> {
  const [file] = knownHosts;
  if (hostKeyChecking !== "accept-new" || file === undefined) return;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  } catch (cause) {
    const detail = `${dirname(file)} can't be made: ${systemCode(cause)}`;
    throw new PullcastError("PC215", { detail, phase: "host-key", cause });
  }
}

interface Checked {
  readonly at: string;
  readonly host: HostSettings;
  readonly trust: HostTrust;
}

/**
 * Looks at the key that ssh has taken, before anything is sent: by the name of a pin ssh does not find what is revoked
 * under the address, and it goes on where it can't keep a new key.
 *
 * @throws {PullcastError} PC212, PC213 or PC215
 */
export function refuseHostKey({ facts, words }: SshLog, { at, host, trust }: Checked): void {
  const shown = facts.hostKey;
  // The user's own master connection: ssh has shown none.
  if (shown === undefined) return;
  const isShown = ({ blob }: KnownKey) => shown.endsWith(` ${fingerprint(blob)}`);
  const phase = "host-key";
  const [revoked] = trust.revoked().filter(isShown);
  if (revoked !== undefined) {
    const detail = `it offers ${shown} (${revoked.file}:${revoked.line})`;
    throw sshError("PC213", { at, phase, detail });
  }
  const { pin, isPinned } = trust;
  if (pin !== undefined && isPinned && !trust.known().some(isShown)) {
    throw sshError("PC212", { at, phase, detail: `it offers ${shown}`, fix: renewal(pin) });
  }
  const [file = ""] = host.knownHosts;
  if (words.some((line) => line.startsWith("Failed to add the host")) && file !== "/dev/null") {
    throw new PullcastError("PC215", { detail: `${file}: a new key can't be added`, phase });
  }
}
