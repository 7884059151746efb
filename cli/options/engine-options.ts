import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import {
  isHostTemplate,
  type JudgeOptions,
  type KubectlSettings,
  type NodeRunOptions,
  type RegistryAccess,
  type RestartOptions,
  type RunOptions,
  type SelectionOptions,
  type SshOptions,
  type TrustOptions,
  type VerifyOptions,
} from "../../agent/index.ts";
import type { Host } from "../host.ts";
import { usageError } from "../usage-error.ts";
import { becomeOptions } from "./become-options.ts";
import type { OptionValues, ParsedArgs } from "./parse-argv.ts";
import {
  expandHome,
  parseAbsolutePath,
  parseDuration,
  parseInteger,
  parsePortionOption,
  quote,
} from "./values.ts";

/** More hosts than this don't fit a list of hosts. */
const MAX_HOSTS_BYTES = 4 * 1024 * 1024;

/** How long a name may take to resolve and a login to be answered, ms. */
const RESOLVE_MS = 10_000;
const AUTH_MS = 30_000;

/** Whole numbers that options take. */
const PORTS = { min: 1, max: 65_535 };
const AT_ONCE = { min: 1, max: 1000 };

/** What a run needs beside the command line. */
export type RunContext = Pick<RunOptions, "signal" | "report"> &
  Pick<NodeRunOptions, "approveHostKeys"> & { readonly host: Host };

/** kubectl's flags, as they are. */
export function kubectlOptions(options: OptionValues): KubectlSettings {
  const requestTimeout = options.text("request-timeout");
  if (requestTimeout !== undefined && requestTimeout !== "0") {
    // kubectl takes bare seconds as well.
    const bare = /^\d+$/.test(requestTimeout);
    parseDuration("request-timeout", bare ? `${requestTimeout}s` : requestTimeout);
  }
  return {
    program: options.text("kubectl") ?? "kubectl",
    ...some("kubeconfig", options.text("kubeconfig")),
    ...some("context", options.text("context")),
    ...some("cluster", options.text("cluster")),
    ...some("as", options.text("as")),
    ...some("requestTimeout", requestTimeout),
  };
}

/**
 * Options of every operation on nodes.
 *
 * @throws {PullcastError} PC001 naming the option
 */
export async function runOptions(
  { operands, options }: ParsedArgs,
  { host, signal, report }: RunContext,
): Promise<RunOptions> {
  return {
    kubectl: kubectlOptions(options),
    selection: await selectionOptions({ operands, options }, host),
    signal,
    report,
    stateDir: stateDir(host),
  };
}

/**
 * Options of operations that log in to nodes.
 *
 * @throws {PullcastError} PC001 naming the option, PC264 where a password is asked for and nobody gives one
 */
export async function nodeRunOptions(
  args: ParsedArgs,
  context: RunContext,
): Promise<NodeRunOptions> {
  const { options } = args;
  const path = options.text("path");
  const lockWait = options.text("lock-wait");
  return {
    ...(await runOptions(args, context)),
    ssh: sshOptions(options, context),
    ...some("become", await becomeOptions(options, context)),
    concurrency: parseInteger("concurrency", options.text("concurrency") ?? "1", AT_ONCE),
    replace: options.on("replace"),
    force: options.on("force"),
    breaker: !options.on("no-breaker"),
    nodeCheck: !options.on("no-node-check"),
    ...(lockWait === undefined ? {} : { lockWaitMs: parseDuration("lock-wait", lockWait) }),
    ...some("approveHostKeys", context.approveHostKeys),
    ...(path === undefined ? {} : { path: parseAbsolutePath("path", path) }),
  };
}

/** How credentials are judged before they are sent. */
export function judgeOptions(options: OptionValues): JudgeOptions {
  return {
    strict: options.on("strict"),
    ...some("fingerprintSalt", options.text("fingerprint-salt")),
  };
}

/**
 * `undefined` without `--restart-kubelet`.
 *
 * @param always - kubelets are restarted without it
 */
export function restartOptions(options: OptionValues, always = false): RestartOptions | undefined {
  const command = options.text("kubelet-restart-command");
  const readyMs = parseDuration("ready-timeout", options.text("ready-timeout") ?? "");
  if (!always && !options.on("restart-kubelet")) {
    for (const name of ["kubelet-restart-command", "ready-timeout", "max-unavailable"]) {
      if (options.given(name)) throw usageError(`--${name} needs --restart-kubelet`);
    }
    return undefined;
  }
  const maxUnavailable = parsePortionOption("max-unavailable", options.text("max-unavailable"));
  if (maxUnavailable !== undefined && Object.values(maxUnavailable)[0] === 0) {
    throw usageError("--max-unavailable 0 leaves no kubelet to restart");
  }
  return { readyMs, ...some("maxUnavailable", maxUnavailable), ...some("command", command) };
}

/** What a proof needs besides the run's options. */
export type ProofOptions = Omit<VerifyOptions, keyof RunOptions>;

/** @throws {PullcastError} PC001 naming the option */
export function proofOptions(options: OptionValues, host: Host): ProofOptions {
  const image = options.text("image");
  if (image === undefined) throw usageError("--image REF is missing");
  return {
    image,
    ...some("namespace", options.text("namespace")),
    proof: options.text("proof") === "auth" ? "auth" : "pull",
    assumePrivate: options.on("assume-private"),
    maxPulls: parseInteger("max-pulls", options.text("max-pulls") ?? "", AT_ONCE),
    timeoutMs: parseDuration("timeout", options.text("timeout") ?? ""),
    ...registryAccess(options, host),
  };
}

/** How registries are reached from this machine. */
export function registryAccess(options: OptionValues, host: Host): RegistryAccess {
  const ca = options.text("ca");
  return {
    env: host.env,
    ...(ca === undefined ? {} : { registryCa: expandHome(ca, host.homeDir) }),
  };
}

/** What a trust needs besides the run's options. */
type TrustKeysOptions = Omit<TrustOptions, keyof RunOptions>;

/** @throws {PullcastError} PC001 naming the option */
export function trustOptions(options: OptionValues, host: Host): TrustKeysOptions {
  return {
    ...knownHostsOptions(options, host),
    replace: options.on("replace"),
    image: options.text("image") ?? "",
    ...some("namespace", options.text("namespace")),
    concurrency: parseInteger("concurrency", options.text("concurrency") ?? "", AT_ONCE),
    timeoutMs: parseDuration("timeout", options.text("timeout") ?? ""),
  };
}

/** Where nodes are pinned, and the files that the user named. */
function knownHostsOptions(
  options: OptionValues,
  host: Host,
): Pick<TrustOptions, "pinFile" | "knownHosts"> {
  const given = options.list("known-hosts").map((file) => expandHome(file, host.homeDir));
  return {
    pinFile: join(stateDir(host), "known_hosts"),
    ...(given.length > 0 ? { knownHosts: given } : {}),
  };
}

async function selectionOptions(
  { operands, options }: ParsedArgs,
  host: Host,
): Promise<SelectionOptions> {
  const hosts = await hostEntries(options, host);
  if (hosts !== undefined) {
    for (const name of ["selector", "field-selector", "address", "ssh-host-template"]) {
      if (options.given(name)) throw usageError(`--${name} asks a cluster, --hosts asks none`);
    }
  }
  return {
    // As kubectl's -o name prints them.
    names: operands.map((operand) => operand.replace(/^nodes?\//, "")),
    ...some("selector", options.text("selector")),
    ...some("fieldSelector", options.text("field-selector")),
    exclude: options.list("exclude"),
    address: (options.text("address") ?? "auto") as SelectionOptions["address"],
    ...some("hostTemplate", hostTemplate(options)),
    ...some("hosts", hosts),
  };
}

function hostTemplate(options: OptionValues): string | undefined {
  const text = options.text("ssh-host-template");
  if (text === undefined || isHostTemplate(text)) return text;
  throw usageError(
    `--ssh-host-template: ${quote(text)} makes no host names`,
    "write host names with {name} or {address} in them, for instance {name}.prod.example.com",
  );
}

/** Entries of `--hosts` and of `--hosts-from`; `undefined` where neither is given. */
async function hostEntries(options: OptionValues, host: Host): Promise<string[] | undefined> {
  const from = options.text("hosts-from");
  if (from === undefined && !options.given("hosts")) return undefined;
  const listed = options.list("hosts").flatMap((text) => text.split(","));
  const lines = from === undefined ? [] : (await readHosts(from, host)).split("\n");
  const entries = [...listed, ...lines.map((line) => line.replace(/(^|\s)#.*/, ""))];
  const filled = entries.map((entry) => entry.trim()).filter((entry) => entry !== "");
  if (filled.length === 0) throw usageError("--hosts and --hosts-from name no host");
  return filled;
}

async function readHosts(from: string, host: Host): Promise<string> {
  try {
    const bytes =
      from === "-"
        ? await host.readStdin(MAX_HOSTS_BYTES)
        : await readFile(expandHome(from, host.homeDir));
    return Buffer.from(bytes.subarray(0, MAX_HOSTS_BYTES)).toString();
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "read error";
    throw usageError(
      `--hosts-from: ${quote(from)} can't be read: ${reason}`,
      "check its path and mode",
    );
  }
}

function sshOptions(options: OptionValues, { host, signal }: RunContext): SshOptions {
  const connectMs = parseDuration("connect-timeout", options.text("connect-timeout") ?? "");
  const nodeMs = parseDuration("node-timeout", options.text("node-timeout") ?? "");
  const ssh = (file: string) => join(host.homeDir, ".ssh", file);
  const { SSH_AUTH_SOCK: socket } = host.env;
  const user = options.text("ssh-user");
  const port = options.text("ssh-port");
  const checking = options.text("host-key-checking");
  const configFile = options.text("ssh-config");
  const { askSecret } = host;
  if (options.on("ask-pass") && options.text("transport") === "openssh") {
    throw usageError("--ask-pass: --transport openssh gives no password to the system's ssh");
  }
  return {
    transport: (options.text("transport") ?? "auto") as NonNullable<SshOptions["transport"]>,
    ...(user === undefined ? {} : { user: loginName(user) }),
    ...(port === undefined ? {} : { port: parseInteger("ssh-port", port, PORTS) }),
    identities: options.list("identity").map((file) => expandHome(file, host.homeDir)),
    defaultIdentities: ["id_ed25519", "id_ecdsa", "id_rsa"].map(ssh),
    ...(socket ? { agentSocket: socket } : {}),
    ...knownHostsOptions(options, host),
    defaultKnownHosts: { user: [ssh("known_hosts")], global: ["/etc/ssh/ssh_known_hosts"] },
    ...(checking === undefined
      ? {}
      : { hostKeyChecking: checking === "accept-new" ? "accept-new" : "strict" }),
    config: {
      program: "ssh",
      ...(configFile === undefined ? {} : { file: expandHome(configFile, host.homeDir) }),
      options: options.list("ssh-option").map(sshOption),
      homeDir: host.homeDir,
      env: withoutCredentials(host.env),
    },
    ...(askSecret && { askSecret: (question: string) => askSecret(question, signal) }),
    askPass: options.on("ask-pass"),
    version: host.version,
    ...(options.given("connect-timeout") ? { connectMs } : {}),
    limits: {
      resolveMs: RESOLVE_MS,
      connectMs,
      // A busy node computes keys slowly, long after its kernel took the connection.
      handshakeMs: Math.max(connectMs, 20_000),
      authMs: AUTH_MS,
      channelMs: Math.max(connectMs, 10_000),
      execIdleMs: nodeMs,
      execTotalMs: nodeMs,
      teardownMs: 2000,
    },
  };
}

/** ssh, and the programs that its configuration names, need none. */
function withoutCredentials({ DOCKER_AUTH_CONFIG: _text, ...env }: Host["env"]): Host["env"] {
  return env;
}

/** ssh takes more forms; this one can't be mistaken for anything else. */
function sshOption(text: string): string {
  if (/^[A-Za-z0-9]+=[^\n]*$/.test(text)) return text;
  throw usageError(`--ssh-option: ${quote(text)} is not KEY=VALUE`);
}

/** No shell sees it, but sshd's log does. */
function loginName(user: string): string {
  // Nearly all are ASCII: what knows all letters takes 2 ms to make.
  if (/^\w[\w.@\\$+-]*$/.test(user)) return user;
  if (/^[\p{L}\p{N}_][\p{L}\p{N}_.@\\$+-]*$/u.test(user)) return user;
  throw usageError(`--ssh-user: ${quote(user)} is not a login name`);
}

/** The XDG specification ignores relative paths. */
export function stateDir({ env, homeDir }: Host): string {
  const { XDG_STATE_HOME: base } = env;
  const dir = base !== undefined && isAbsolute(base) ? base : join(homeDir, ".local", "state");
  return join(dir, "pullcast");
}

/** `{ [name]: value }`, or nothing where there is no value. */
export function some<Name extends string, Value>(name: Name, value: Value | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: Value };
}
