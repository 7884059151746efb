import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import type { ClusterNode } from "../model.ts";
import { once } from "../util/once.ts";
import type { SshAnswer } from "./ask-ssh.ts";
import { type HostPin, pinOf } from "./pins.ts";
import type { JumpHost } from "./proxy-jump.ts";
import { expandTokens } from "./ssh-tokens.ts";
import { configuredNeeds, type SystemNeed, type Wish } from "./system-needs.ts";
import type { PhaseLimits, SshConfig, SshOptions } from "./transport.ts";
import { sameValues } from "./varied-answer.ts";

/** Ways to log in that this transport has, in ssh's order, with the keyword that switches each off. */
const METHODS = {
  publickey: "pubkeyauthentication",
  "keyboard-interactive": "kbdinteractiveauthentication",
  password: "passwordauthentication",
} as const;

/** A way to log in (RFC 4252). */
export type LoginMethod = keyof typeof METHODS;

const ALL_METHODS = Object.keys(METHODS) as LoginMethod[];

/** How one host is reached: what the command line says, else ssh's configuration, else defaults. */
export interface HostSettings {
  /** DNS name or IP address to connect to. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Key files given by flag: one that can't be used is an error. */
  readonly identities: readonly string[];
  /** Key files of ssh's configuration: one that can't be used is told when the login fails. */
  readonly configuredIdentities: readonly string[];
  /** Key files that are used if they are there. */
  readonly defaultIdentities: readonly string[];
  /** Of the agent's keys only those of the files above are offered. */
  readonly identitiesOnly: boolean;
  readonly agentSocket?: string;
  /** How long connecting may take, where that is not as usual. */
  readonly connectMs?: number;
  /** In the order in which they are tried. */
  readonly loginMethods: readonly LoginMethod[];
  /** New keys go to the first. */
  readonly knownHosts: readonly string[];
  /** New names are written there hashed (ssh's HashKnownHosts). */
  readonly hashKnownHosts?: boolean;
  /** known_hosts alone decides about the host's key: no command of the configuration's, and no DNS. */
  readonly trustsFilesOnly?: boolean;
  /** The name that known_hosts is asked for, in place of host and port. */
  readonly hostKeyAlias?: string;
  /** Where a node of a cluster is pinned; absent for hosts of the user's. */
  readonly pin?: HostPin;
  /** `ask`: as `strict`, but the user may be asked. */
  readonly hostKeyChecking: "strict" | "accept-new" | "ask";
  /** ssh's ProxyJump: `[USER@]HOST[:PORT]`, comma-separated, the first is reached first. */
  readonly proxyJump?: string;
  /** For a jump host: what the ProxyJump that leads to it says of it. */
  readonly asJump?: Pick<JumpHost, "user" | "port">;
  /** Absent where ssh's configuration counts for nothing. */
  readonly system?: SystemSsh;
}

/** What the system's ssh is to be told, so that it finds the same settings for a host, and what only it can do. */
export interface SystemSsh {
  /** The name that it is asked about. */
  readonly alias: string;
  /** The host to connect to, where it would take another for that name. */
  readonly hostName?: string;
  /** How it was asked for its configuration. */
  readonly config: SshConfig;
  readonly answer: SshAnswer;
  readonly needs: readonly SystemNeed[];
  /** Where the user's own master connection would be: absent without, and where host keys must be checked anew. */
  readonly controlPath?: string;
  /** GSSAPI counts where there is a ticket. */
  readonly wantsGssapi: boolean;
}

/** What a target says of itself. */
export interface Endpoint {
  readonly host: string;
  /** Set where the user gave one for this host. */
  readonly port?: number;
  /** Set for a node of a cluster. */
  readonly node?: Pick<ClusterNode, "name" | "uid">;
}

/** The settings of a host about which ssh's configuration says nothing. */
export function plainSettings(target: Endpoint, options: SshOptions): HostSettings {
  const pin = target.node === undefined ? undefined : pinOf(target.node, options);
  const { user = [], global = [] } = options.defaultKnownHosts ?? {};
  return {
    host: target.host,
    port: target.port ?? options.port ?? 22,
    user: options.user ?? userInfo().username,
    identities: options.identities,
    configuredIdentities: [],
    defaultIdentities: options.defaultIdentities ?? [],
    identitiesOnly: false,
    ...socket(options.agentSocket),
    ...(options.connectMs === undefined ? {} : { connectMs: options.connectMs }),
    loginMethods: ALL_METHODS,
    knownHosts: options.knownHosts ?? [...user, ...global],
    ...(options.knownHosts === undefined ? {} : { trustsFilesOnly: true }),
    ...(pin === undefined ? {} : { pin }),
    hostKeyChecking: options.hostKeyChecking ?? "ask",
  };
}

interface Configured {
  readonly options: SshOptions;
  /** How ssh was asked. */
  readonly config: SshConfig;
  /** The name that ssh was asked about. */
  readonly alias: string;
  readonly answer: SshAnswer;
  /**
   * Whether the user named this host. A cluster's node is named by whoever may write Node objects, perhaps so
   * that it matches an entry that takes any host key: for it only the flag can.
   */
  readonly isUsersChoice: boolean;
  /**
   * ssh's answer without any configuration: a value that equals it is nobody's wish. `undefined` where all that is
   * configured {@link isNeverCompared} with it.
   */
  readonly usual: SshAnswer | undefined;
}

/**
 * The settings of a host by ssh's answer about it; flags win. ssh's own defaults are replaced by ours,
 * which follow $HOME, where ssh follows the password file.
 */
export function configuredSettings(target: Endpoint, configured: Configured): HostSettings {
  const { options, alias, answer, config, isUsersChoice } = configured;
  const wish = wishes(configured);
  const proxyJump = wish("proxyjump")?.[0];
  const plain = plainSettings(target, options);
  const hostName = answer.get("hostname")?.[0] ?? alias;
  const needs = needsOf(answer, wish);
  const host = hostName.toLowerCase() === alias.toLowerCase() ? target.host : hostName;
  const port = target.port ?? options.port ?? Number(answer.get("port")?.[0] ?? 22);
  const user = options.user ?? answer.get("user")?.[0] ?? plain.user;
  const { homeDir: home = "/", env = {} } = options.config ?? {};
  const expand = (text: string) => expandTokens(text, { alias, host, port, user, home, env });
  const identityFiles = wish("identityfile")?.filter((path) => path !== "none");
  const hostKeyAlias = wish("hostkeyalias")?.[0];
  const { agentSocket, ...rest } = plain;
  return {
    ...rest,
    host,
    port,
    user,
    configuredIdentities: identityFiles?.map(expand) ?? [],
    defaultIdentities: identityFiles === undefined ? plain.defaultIdentities : [],
    identitiesOnly: answer.get("identitiesonly")?.[0] === "yes",
    ...socket(agentOf(wish("identityagent")?.[0], { agentSocket, env, expand })),
    ...connectLimitOf(wish, options),
    loginMethods: loginMethodsOf(answer),
    knownHosts: options.knownHosts ?? knownHostsOf(wish, options, expand),
    ...(wish("hashknownhosts")?.[0] === "yes" ? { hashKnownHosts: true } : {}),
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    ...(proxyJump === undefined || proxyJump === "none" ? {} : { proxyJump }),
    hostKeyChecking:
      keepsNoKeys(wish) && options.knownHosts === undefined && plain.pin === undefined
        ? "strict"
        : (options.hostKeyChecking ??
          checkingOf(wish("stricthostkeychecking")?.[0], isUsersChoice)),
    system: {
      ...{ alias, config, answer, needs },
      ...controlPathOf(wish, options),
      wantsGssapi: wish("gssapiauthentication")?.[0] === "yes",
      ...(host.toLowerCase() === hostName.toLowerCase() ? {} : { hostName: host }),
    },
  };
}

/** Of each answer of ssh's: nothing that names a host is asked for there. */
const needsByAnswer = new WeakMap<SshAnswer, readonly SystemNeed[]>();

function needsOf(answer: SshAnswer, wish: Wish): readonly SystemNeed[] {
  return once(needsByAnswer, answer.repeats ?? answer, () => configuredNeeds(wish));
}

/** Settings with defaults that differ from one ssh to another. All others have none, or one that is as good as none. */
const COMPARED: ReadonlySet<string> = new Set([
  ...["identityfile", "userknownhostsfile", "globalknownhostsfile", "securitykeyprovider"],
  ...["ciphers", "macs", "kexalgorithms", "hostkeyalgorithms"],
]);

/** Settings that are taken as ssh tells them, and some of many that nobody asks for. */
const PLAIN: ReadonlySet<string> = new Set([
  ...["hostname", "port", "user", "identitiesonly", "identityagent", "hostkeyalias"],
  ...["preferredauthentications", ...Object.values(METHODS)],
  ...["stricthostkeychecking", "hashknownhosts", "verifyhostkeydns", "knownhostscommand"],
  ...["revokedhostkeys", "certificatefile", "gssapiauthentication", "pkcs11provider"],
  ...["proxyjump", "proxycommand", "controlpath", "controlmaster", "controlpersist"],
  ...["addressfamily", "bindaddress", "bindinterface", "connecttimeout"],
  ...["addkeystoagent", "batchmode", "checkhostip", "compression", "forwardagent"],
  ...["forwardx11", "forwardx11trusted", "gssapidelegatecredentials", "loglevel", "requesttty"],
  ...["sendenv", "serveralivecountmax", "serveraliveinterval", "setenv", "tcpkeepalive"],
  ...["updatehostkeys", "visualhostkey"],
]);

/**
 * Whether a setting means the same whatever ssh's default is. `false` of all that are not known here: ssh has other
 * names for some (readconf.c, keywords).
 */
export function isNeverCompared(keyword: string): boolean {
  return PLAIN.has(keyword);
}

function wishes({ answer, usual }: Configured): Wish {
  return (keyword) => {
    const values = answer.get(keyword);
    if (!COMPARED.has(keyword)) return values;
    if (values === undefined || usual === undefined) return undefined;
    return sameValues(values, usual.get(keyword) ?? []) ? undefined : values;
  };
}

function socket(path: string | undefined): { agentSocket?: string } {
  return path === undefined ? {} : { agentSocket: path };
}

/** ssh_config(5), IdentityAgent: a path, `none`, `SSH_AUTH_SOCK`, or `$NAME` of the environment. */
function agentOf(
  value: string | undefined,
  {
    agentSocket,
    env,
    expand,
  }: {
    readonly agentSocket: string | undefined;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly expand: (text: string) => string;
  },
): string | undefined {
  if (value === undefined || value === "SSH_AUTH_SOCK") return agentSocket;
  if (value === "none") return undefined;
  const [, name] = /^\$(\w+)$/.exec(value) ?? [];
  return name === undefined ? expand(value) : env[name] || undefined;
}

/** Whether the user wants no new keys kept: to ssh every host is then one that it must know already. */
function keepsNoKeys(wish: Wish): boolean {
  return wish("userknownhostsfile")?.[0] === "none";
}

/** Stands for `none`, which must not make the next file the first. */
const NOWHERE = "/dev/null";

function knownHostsOf(wish: Wish, options: SshOptions, expand: (text: string) => string): string[] {
  const { user = [], global = [] } = options.defaultKnownHosts ?? {};
  const files = (keyword: string, usual: readonly string[]) =>
    wish(keyword)?.flatMap((line) => filesIn(line, expand)) ?? usual;
  const own = files("userknownhostsfile", user);
  return [...(keepsNoKeys(wish) ? [NOWHERE] : own), ...files("globalknownhostsfile", global)];
}

/**
 * ssh prints the files of one keyword in one line, without the quotes that kept a name with blanks together: of the
 * readings the one counts that has the longest name of a file that is there.
 */
function filesIn(line: string, expand: (text: string) => string): string[] {
  const words = line.split(" ");
  const files: string[] = [];
  for (let at = 0; at < words.length; ) {
    let end = words.length;
    while (end > at + 1 && !existsSync(expand(words.slice(at, end).join(" ")))) end -= 1;
    files.push(words.slice(at, end).join(" "));
    at = end;
  }
  return files.filter((file) => file !== "none").map(expand);
}

/** ssh_config(5), ConnectTimeout: seconds, also of jump hosts. */
function connectLimitOf(wish: Wish, { connectMs }: SshOptions): { connectMs?: number } {
  if (connectMs !== undefined) return { connectMs };
  const seconds = Number(wish("connecttimeout")?.[0]);
  return seconds > 0 ? { connectMs: seconds * 1000 } : {};
}

/** The limits that hold for a host. */
export function limitsFor<Limits extends Pick<PhaseLimits, "connectMs">>(
  { connectMs }: Pick<HostSettings, "connectMs">,
  limits: Limits,
): Limits {
  return connectMs === undefined ? limits : { ...limits, connectMs };
}

/** ssh_config(5), PreferredAuthentications and the keywords that switch methods off. */
function loginMethodsOf(answer: SshAnswer): readonly LoginMethod[] {
  const preferred = answer.get("preferredauthentications")?.[0]?.split(",");
  const named = preferred?.map((name) => ALL_METHODS.find((method) => method === name.trim()));
  return (named ?? ALL_METHODS).filter(
    (method) =>
      method !== undefined && !["no", "false"].includes(answer.get(METHODS[method])?.[0] ?? ""),
  ) as LoginMethod[];
}

/** Whoever names host keys wants them checked now, not when the user logged in. */
function controlPathOf(wish: Wish, { knownHosts }: SshOptions): { controlPath?: string } {
  const path = wish("controlpath")?.[0] ?? "none";
  return path === "none" || knownHosts !== undefined ? {} : { controlPath: path };
}

/** A changed key is refused whatever the configuration says; `no` and `off` take new ones. */
function checkingOf(
  value: string | undefined,
  isUsersChoice: boolean,
): HostSettings["hostKeyChecking"] {
  if (value === undefined || value === "ask") return "ask";
  if (!["accept-new", "no", "off", "false"].includes(value)) return "strict";
  return isUsersChoice ? "accept-new" : "ask";
}
