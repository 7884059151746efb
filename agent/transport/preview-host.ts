import { PullcastError } from "../errors.ts";
import type { TransportName } from "../model.ts";
import { type AgentLists, createAgentLists } from "./agent-list.ts";
import { type Certificate, certificateTrouble, readCertificate } from "./certificate.ts";
import { createChooser } from "./choose-transport.ts";
import { type HostSettings, plainSettings } from "./host-settings.ts";
import { createHostTrusts, type HostTrust } from "./host-trust.ts";
import { seenKeys } from "./key-kinds.ts";
import { type KnownKey, lookupName } from "./known-hosts.ts";
import { createLogin } from "./login.ts";
import { loginFailure } from "./login-failure.ts";
import { agentKeyFrom, type LoginKeys } from "./login-keys.ts";
import { trustCommand } from "./pins.ts";
import type { HostRoute } from "./resolve-host.ts";
import { placeVia, sshError } from "./ssh-error.ts";
import { loadSsh2 } from "./ssh2.ts";
import type { ChosenTransport, SshOptions } from "./transport.ts";

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

/** Tells what a run would do, without connecting to anybody. */
export interface Previews {
  /** @throws {PullcastError} PC241 */
  readonly choose: (route: HostRoute) => Promise<ChosenTransport>;
  readonly of: (settings: HostSettings, way: Way) => Promise<HostPreview>;
}

interface Way {
  /** The last host before this one. */
  readonly via: string | undefined;
  /** What would carry the work. */
  readonly transport: TransportName;
}

/**
 * Makes the previews of a run; files and agents are read once.
 * @throws {PullcastError} PC215 or PC222 if a file that the command line names can't be used
 */
export async function createPreviews(options: SshOptions): Promise<Previews> {
  const agents = createAgentLists(options.limits.authMs);
  const trusts = createHostTrusts();
  const login = createLogin(await loadSsh2(), options, {
    ...{ agents, trusts, approved: new Set<string>(), passwords: undefined },
  });
  const chooser = createChooser(options, { agents, trusts });
  if (await chooser.mayBeSsh2()) await login.prepare(plainSettings({ host: "" }, options));
  const preview = async (settings: HostSettings, { via, transport }: Way): Promise<HostPreview> => {
    const at = placeVia(settings, via);
    const certificates = await seenCertificates(settings, agents);
    try {
      const { trust, loginKeys } = await login.prepare(settings);
      const knownAs = lookupName(trust.host, trust.port);
      const found = { at, knownAs, known: trust.known(), loginKeys, certificates };
      // The system's ssh has keys, and ways to know a host, that are not seen here.
      if (transport === "openssh") return found;
      const obstacle =
        unknownHost(settings, { at, trust }) ??
        (options.askPass ? undefined : noKey(settings, found));
      return obstacle === undefined ? found : { ...found, obstacle };
    } catch (error) {
      if (!(error instanceof PullcastError)) throw error;
      const knownAs = lookupName(settings.hostKeyAlias ?? settings.host, settings.port);
      return { at, knownAs, known: [], loginKeys: NO_KEYS, certificates, obstacle: error };
    }
  };
  return { choose: (route) => chooser.choose(route), of: preview };
}

const NO_KEYS: LoginKeys = { keys: [], notes: [], surplus: undefined };

function unknownHost(
  { hostKeyChecking }: HostSettings,
  { at, trust }: { readonly at: string; readonly trust: HostTrust },
): PullcastError | undefined {
  const isKnown = trust.known().some(({ marker }) => marker === "");
  if (hostKeyChecking === "accept-new" || isKnown) return undefined;
  const files = trust.files.join(", ") || "no file";
  const { pin } = trust;
  const ways =
    pin === undefined
      ? "add it to known_hosts, or use --host-key-checking accept-new"
      : `${trustCommand(pin)}, or use --host-key-checking accept-new`;
  const question = hostKeyChecking === "ask" ? ", or answer push's question on a terminal" : "";
  return sshError("PC211", {
    at,
    phase: "host-key",
    detail: `${files} has none for ${lookupName(trust.host, trust.port)}`,
    fix: `doctor --probe shows the key that it offers: compare it with the host's console, then ${ways}${question}`,
  });
}

function noKey(
  { user }: HostSettings,
  { at, loginKeys }: Pick<HostPreview, "at" | "loginKeys">,
): PullcastError | undefined {
  if (loginKeys.keys.length > 0) return undefined;
  const trail = { offered: [], taken: [], accepts: undefined };
  return loginFailure({ at, user, keys: loginKeys, password: undefined, trail, cause: undefined });
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
