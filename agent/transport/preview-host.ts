import { PullcastError } from "../errors.ts";
import { type AgentLists, createAgentLists } from "./agent-list.ts";
import { startLogin } from "./auth.ts";
import { type Certificate, certificateTrouble, readCertificate } from "./certificate.ts";
import { type HostSettings, plainSettings } from "./host-settings.ts";
import { seenKeys } from "./key-kinds.ts";
import { type KnownKey, lookupName } from "./known-hosts.ts";
import { createLogin, keyName } from "./login.ts";
import { agentKeyFrom, type LoginKeys } from "./login-keys.ts";
import { placeVia, sshError } from "./ssh-error.ts";
import { loadSsh2 } from "./ssh2.ts";
import type { SshOptions } from "./transport.ts";

/** A certificate, where it is, and why it will not let the user in, if that is known. */
export interface SeenCertificate extends Certificate {
  readonly from: string;
  readonly trouble?: string;
}

/** What a login at a host would use, found without connecting. */
export interface HostPreview {
  /** `host:port`, with the way there. */
  readonly at: string;
  /** The name that known_hosts is asked for. */
  readonly knownAs: string;
  readonly known: readonly KnownKey[];
  /** Keys in the order they would be offered. */
  readonly loginKeys: LoginKeys;
  /** Certificates that ssh would offer with them. */
  readonly certificates: readonly SeenCertificate[];
  /** What would end the login before it begins, or before the host has proved anything. */
  readonly obstacle?: PullcastError;
}

/**
 * Makes previews of a run; files and agents are read once.
 * @throws {PullcastError} PC215 or PC222 if a file that the command line names can't be used
 */
export async function createPreviews(
  options: SshOptions,
): Promise<(settings: HostSettings, via: string | undefined) => Promise<HostPreview>> {
  const login = createLogin(await loadSsh2(), options);
  const listAgent = createAgentLists(options.limits.authMs);
  await login.prepare(plainSettings({ host: "" }, options));
  return async (settings, via) => {
    const at = placeVia(settings, via);
    const { host, port } = keyName(settings);
    const certificates = await seenCertificates(settings, listAgent);
    const nothing = { at, knownAs: lookupName(host, port), known: [], certificates };
    try {
      const { hostKeys, loginKeys } = await login.prepare(settings);
      const known = hostKeys.keysFor(host, port);
      const obstacle = obstacleOf(settings, { ...nothing, known, loginKeys });
      return { ...nothing, known, loginKeys, ...(obstacle === undefined ? {} : { obstacle }) };
    } catch (error) {
      if (!(error instanceof PullcastError)) throw error;
      return { ...nothing, loginKeys: { keys: [], notes: [] }, obstacle: error };
    }
  };
}

function obstacleOf(
  { user, hostKeyChecking, knownHosts }: HostSettings,
  { at, knownAs, known, loginKeys }: HostPreview,
): PullcastError | undefined {
  if (hostKeyChecking === "strict" && !known.some(({ marker }) => marker === "")) {
    const files = knownHosts.join(", ") || "no file";
    return sshError("PC211", {
      at,
      phase: "host-key",
      detail: `${files} has none for ${knownAs}`,
      fix: "doctor --probe shows the key that it offers: compare it with the node's console, then add it to known_hosts, or use --host-key-checking accept-new",
    });
  }
  return loginKeys.keys.length > 0 ? undefined : startLogin(user, loginKeys).failure(at);
}

async function seenCertificates(
  settings: HostSettings,
  listAgent: AgentLists,
): Promise<SeenCertificate[]> {
  const { user, agentSocket } = settings;
  const seen = await seenKeys(settings, await listAgent(agentSocket));
  return seen.flatMap(({ blob, path, comment = "" }) => {
    const certificate = readCertificate(blob);
    if (certificate === undefined) return [];
    const trouble = certificateTrouble(certificate, { user, now: new Date() });
    const from = path ?? agentKeyFrom(comment);
    return [{ ...certificate, from, ...(trouble === undefined ? {} : { trouble }) }];
  });
}
