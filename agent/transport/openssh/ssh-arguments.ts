import { userInfo } from "node:os";
import { PullcastError } from "../../errors.ts";
import { cleanText } from "../../util/clean-text.ts";
import { shellWord } from "../../util/shell-word.ts";
import { isHostAlias } from "../ask-ssh.ts";
import { type HostSettings, limitsFor } from "../host-settings.ts";
import type { HostRoute } from "../resolve-host.ts";
import type { PhaseLimits } from "../transport.ts";

/** What holds for every host, whatever its configuration says. Nothing may ask, forward or stay behind. */
const FORCED = [
  "BatchMode=yes",
  "ServerAliveInterval=5",
  "ServerAliveCountMax=3",
  "ConnectionAttempts=1",
  "ForwardAgent=no",
  "ForwardX11=no",
  "ClearAllForwardings=yes",
  "PermitLocalCommand=no",
  "ControlMaster=no",
  "ControlPersist=no",
  "UpdateHostKeys=no",
  "NoHostAuthenticationForLocalhost=no",
];

/** Settings that older versions don't know, so said only where the configuration has another value. */
const FORCED_IF_SET: Readonly<Record<string, string>> = {
  remotecommand: "none",
  sessiontype: "default",
  stdinnull: "no",
  forkafterauthentication: "no",
  tunnel: "no",
  gssapidelegatecredentials: "no",
};

interface ArgumentOptions {
  readonly limits: Pick<PhaseLimits, "connectMs">;
}

/**
 * The arguments of the system's ssh that runs `command` on a host, by the settings that hold for it.
 * Jump hosts are gone through as ProxyJump does it, with the settings of each.
 *
 * @throws {PullcastError} PC233 where the host's name is none
 */
export function sshArguments(
  { host, jumps }: HostRoute,
  { command, ...options }: ArgumentOptions & { readonly command: string },
): string[] {
  // Its debug lines tell phases, keys and what sshd says before SSH; ssh itself takes the first value of each.
  const own = ["-o", "LogLevel=DEBUG1", ...hostArguments(host, jumps, options)];
  return ["-T", ...own, "--", aliasOf(host), command];
}

/** The arguments of the question whether the user's own master connection to a host lives. */
export function masterArguments(host: HostSettings, options: ArgumentOptions): string[] {
  return ["-O", "check", ...hostArguments(host, [], options), "--", aliasOf(host)];
}

function hostArguments(
  host: HostSettings,
  jumps: readonly HostSettings[],
  options: ArgumentOptions,
): string[] {
  const { system } = host;
  const file = system === undefined ? "none" : system.config.file;
  return [
    ...(file === undefined ? [] : ["-F", file]),
    ...["-l", host.user, "-p", String(host.port)],
    ...[
      ...FORCED,
      ...unsetting(host),
      ...(system?.controlPath === undefined ? ["ControlPath=none"] : []),
      `ConnectTimeout=${Math.max(1, Math.ceil(limitsFor(host, options.limits).connectMs / 1000))}`,
      ...hostKeySettings(host),
      ...loginSettings(host),
      ...(system?.hostName === undefined ? [] : [`HostName=${escaped(system.hostName)}`]),
      ...throughJumps(jumps, options),
      ...(system?.config.options ?? []),
    ].flatMap((setting) => ["-o", setting]),
  ];
}

function unsetting({ system }: HostSettings): string[] {
  return Object.entries(FORCED_IF_SET).flatMap(([keyword, value]) => {
    const there = system?.answer.get(keyword)?.[0] ?? value;
    return there === value || there === "false" ? [] : [`${keyword}=${value}`];
  });
}

/** As over ssh2: all files count alike, new keys go to the first. */
function hostKeySettings(host: HostSettings): string[] {
  const { knownHosts, hostKeyAlias, hostKeyChecking, hashKnownHosts = false, system } = host;
  const files = knownHosts.length === 0 ? ["/dev/null"] : knownHosts;
  return [
    `StrictHostKeyChecking=${hostKeyChecking === "accept-new" ? "accept-new" : "yes"}`,
    `UserKnownHostsFile=${files.map(quoted).join(" ")}`,
    "GlobalKnownHostsFile=/dev/null",
    `HashKnownHosts=${hashKnownHosts ? "yes" : "no"}`,
    ...(host.trustsFilesOnly === true ? ["VerifyHostKeyDNS=no"] : []),
    // Versions before 8.5 don't know it.
    ...(host.trustsFilesOnly === true && system?.answer.get("knownhostscommand") !== undefined
      ? ["KnownHostsCommand=none"]
      : []),
    ...(hostKeyAlias === undefined ? [] : [`HostKeyAlias=${hostKeyAlias}`]),
  ];
}

function loginSettings({
  identities,
  configuredIdentities,
  defaultIdentities,
  agentSocket,
  system,
}: HostSettings): string[] {
  const isAtHome = system?.config.homeDir === userInfo().homedir;
  return [
    `IdentityAgent=${agentSocket === undefined ? "none" : quoted(agentSocket)}`,
    // sshd takes few tries, and ssh would offer all of the agent's keys first.
    ...(identities.length === 0 ? [] : ["IdentitiesOnly=yes"]),
    // For ssh `~` is the password file's home.
    ...[...identities, ...(isAtHome ? [] : [...configuredIdentities, ...defaultIdentities])].map(
      (path) => `IdentityFile=${quoted(path)}`,
    ),
  ];
}

/** ssh's own ProxyJump would hand on none of the settings above. */
function throughJumps(jumps: readonly HostSettings[], options: ArgumentOptions): string[] {
  const last = jumps.at(-1);
  if (last === undefined) return [];
  const words = [
    last.system?.config.program ?? "ssh",
    // Its debug lines would pass for the node's; why a channel was refused it tells as INFO.
    ...["-T", "-o", "LogLevel=INFO"],
    ...hostArguments(last, jumps.slice(0, -1), options),
  ].map((word) => shellWord(escaped(word)));
  return [`ProxyCommand=${words.join(" ")} -W '[%h]:%p' -- ${escaped(aliasOf(last))}`];
}

/** Cluster data comes here as well: nothing but a name may stand there. */
function aliasOf({ system, host }: HostSettings): string {
  const alias = system?.alias ?? host;
  if (isHostAlias(alias)) return alias;
  throw new PullcastError("PC233", {
    phase: "resolve",
    detail: `${cleanText(alias, 100)}: the name holds characters that no host name has`,
  });
}

/** A percent sign begins a token. */
function escaped(text: string): string {
  return text.replaceAll("%", "%%");
}

/** A path as one word of a setting. */
function quoted(path: string): string {
  return `"${escaped(path).replaceAll(/["\\]/g, "\\$&")}"`;
}
