import { userInfo } from "node:os";
import { PullcastError } from "../errors.ts";
import type { SshAnswer } from "./ask-ssh.ts";
import type { JumpHost } from "./proxy-jump.ts";
import { expandTokens } from "./ssh-tokens.ts";
import type { SshOptions } from "./transport.ts";

/** How one host is reached: what the command line says, else ssh's configuration, else defaults. */
export interface HostSettings {
  /** The name that ssh's configuration was asked about; absent: it wasn't. */
  readonly alias?: string;
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
  /** New keys go to the first. */
  readonly knownHosts: readonly string[];
  /** The name that known_hosts is asked for, in place of host and port. */
  readonly hostKeyAlias?: string;
  readonly hostKeyChecking: "strict" | "accept-new";
  /** ssh's ProxyJump: `[USER@]HOST[:PORT]`, comma-separated, the first is reached first. */
  readonly proxyJump?: string;
  /** For a jump host: what the ProxyJump that leads to it says of it. */
  readonly asJump?: Pick<JumpHost, "user" | "port">;
}

/** What a target says of itself. */
export interface Endpoint {
  readonly host: string;
  /** Set where the user gave one for this host. */
  readonly port?: number;
}

/** The settings of a host about which ssh's configuration says nothing. */
export function plainSettings(target: Endpoint, options: SshOptions): HostSettings {
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
    knownHosts: options.knownHosts ?? [...user, ...global],
    hostKeyChecking: options.hostKeyChecking ?? "strict",
  };
}

interface Configured {
  readonly options: SshOptions;
  /** The name that ssh was asked about. */
  readonly alias: string;
  readonly answer: SshAnswer;
  /**
   * Whether the user named this host. A cluster's node is named by whoever may write Node objects, perhaps so
   * that it matches an entry that takes any host key: for it only the flag can.
   */
  readonly isUsersChoice: boolean;
  /** ssh's answer without any configuration: a value that equals it is nobody's wish. */
  readonly unconfigured: SshAnswer;
}

/**
 * The settings of a host by ssh's answer about it; flags win. ssh's own defaults are replaced by ours,
 * which follow $HOME, where ssh follows the password file.
 *
 * @throws {PullcastError} PC232 where the configuration wants a way that this transport does not have
 */
export function configuredSettings(target: Endpoint, configured: Configured): HostSettings {
  const { options, alias, answer, isUsersChoice } = configured;
  const wish = wishes(configured);
  const command = wish("proxycommand")?.[0];
  if (command !== undefined && command !== "none") throw otherWay(alias);
  const proxyJump = wish("proxyjump")?.[0];
  const plain = plainSettings(target, options);
  const hostName = answer.get("hostname")?.[0] ?? alias;
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
    alias,
    host,
    port,
    user,
    configuredIdentities: identityFiles?.map(expand) ?? [],
    defaultIdentities: identityFiles === undefined ? plain.defaultIdentities : [],
    identitiesOnly: answer.get("identitiesonly")?.[0] === "yes",
    ...socket(agentOf(wish("identityagent")?.[0], { agentSocket, env, expand })),
    knownHosts: options.knownHosts ?? knownHostsOf(wish, options, expand),
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    ...(proxyJump === undefined || proxyJump === "none" ? {} : { proxyJump }),
    hostKeyChecking:
      options.hostKeyChecking ??
      (isUsersChoice ? checkingOf(wish("stricthostkeychecking")?.[0]) : "strict"),
  };
}

/** The values of a keyword that somebody configured. */
type Wish = (keyword: string) => readonly string[] | undefined;

function wishes({ answer, unconfigured }: Configured): Wish {
  return (keyword) => {
    const values = answer.get(keyword);
    const usual = unconfigured.get(keyword) ?? [];
    if (values === undefined) return undefined;
    return values.length === usual.length && values.every((value, index) => value === usual[index])
      ? undefined
      : values;
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

/** ssh prints the files of one keyword in one line. */
function knownHostsOf(wish: Wish, options: SshOptions, expand: (text: string) => string): string[] {
  const { user = [], global = [] } = options.defaultKnownHosts ?? {};
  const files = (keyword: string, usual: readonly string[]) =>
    wish(keyword)
      ?.flatMap((line) => line.split(" "))
      .filter((file) => file !== "none")
      .map(expand) ?? usual;
  return [...files("userknownhostsfile", user), ...files("globalknownhostsfile", global)];
}

/** A changed key is refused whatever the configuration says; `no` and `off` take new ones. */
function checkingOf(value: string | undefined): HostSettings["hostKeyChecking"] {
  return value !== undefined && ["accept-new", "no", "off", "false"].includes(value)
    ? "accept-new"
    : "strict";
}

function otherWay(alias: string): PullcastError {
  return new PullcastError("PC232", {
    phase: "resolve",
    detail: `ProxyCommand for ${alias}`,
    fix: "--ssh-option ProxyCommand=none if the node can be reached without it, or use ProxyJump",
  });
}
