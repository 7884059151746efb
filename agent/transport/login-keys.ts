import type { ParsedKey } from "ssh2";
import { PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";
import { shellWord } from "../util/shell-word.ts";
import type { AgentKey, AgentSign, SignatureHash } from "./agent-keys.ts";
import { describeKey } from "./host-key.ts";
import type { HostSettings } from "./host-settings.ts";
import type { KeyFile } from "./key-file.ts";
import type { UnlockKey } from "./unlock-key.ts";

/** A key to offer: by file or by agent. */
export interface LoginKey {
  /** For people: type, fingerprint, where it is. */
  readonly label: string;
  /** Type and fingerprint; absent where its public half is hidden. */
  readonly name?: string;
  /** A path, or the agent with its comment. */
  readonly from: string;
  /** Its private half, where that is at hand. */
  readonly privateKey?: ParsedKey;
  /**
   * Its public half, after a question where that is hidden too.
   * @throws {PullcastError} PC261
   */
  readonly publicKey: () => Promise<ParsedKey>;
  /** Whether somebody is asked before it can be offered. */
  readonly isHidden: boolean;
  /** Whether somebody is asked before it can sign. */
  readonly isLocked: boolean;
  /**
   * Signs, after a question where needed.
   * @throws {PullcastError} PC261 or PC262
   */
  readonly sign: (data: Buffer, hash: SignatureHash | undefined) => Promise<Buffer>;
}

/** The keys of a run, in the order they are offered, and what was left out and why. */
export interface LoginKeys {
  readonly keys: readonly LoginKey[];
  readonly notes: readonly string[];
  /** How many more there are: a note for a login that fails. */
  readonly surplus: string | undefined;
}

/** sshd ends the connection at the 6th failure (MaxAuthTries), and counts every key it refuses. */
const MAX_KEYS = 5;

/** What a run has to log in with. */
export interface KeySources {
  readonly read: (path: string) => Promise<KeyFile>;
  /** Absent where nobody can be asked. */
  readonly unlock: UnlockKey | undefined;
  readonly agent: {
    readonly keys: readonly AgentKey[];
    readonly sign: AgentSign;
    readonly problem?: string;
  };
}

/**
 * Collects the keys to log in with: the identities given, those of ssh's configuration, the default files,
 * the agent's others, and last the default files that need a passphrase: nobody is asked for one while another key
 * may do. The agent signs for every file whose public half it holds.
 *
 * @throws {PullcastError} PC222 if a given identity can't be used
 */
export async function collectLoginKeys(
  settings: Pick<
    HostSettings,
    "identities" | "configuredIdentities" | "defaultIdentities" | "identitiesOnly"
  >,
  sources: KeySources,
): Promise<LoginKeys> {
  const { agent } = sources;
  const read = (paths: readonly string[]) => Promise.all(paths.map(sources.read));
  const [given, configured, defaults] = await Promise.all([
    read(settings.identities),
    read(settings.configuredIdentities),
    read(settings.defaultIdentities),
  ]);
  const notes: string[] = [];
  const keysOf = (files: readonly KeyFile[], without: (file: KeyFile) => void) =>
    files.flatMap((file) => {
      const key = loginKey(file, sources);
      if (key === undefined) without(file);
      return key ?? [];
    });
  const named = [
    ...keysOf(given, (file) => {
      throw unusable(file);
    }),
    ...keysOf(configured, (file) => notes.push(leftOut(file))),
  ];
  const usual = keysOf(defaults, (file) => {
    // Nobody asked for a default file that isn't there.
    if (!file.missing) notes.push(leftOut(file));
  });
  if (agent.problem !== undefined) notes.push(`ssh-agent: ${cleanText(agent.problem, 100)}`);
  const keys = unique([
    ...named,
    ...usual.filter(({ isLocked }) => !isLocked),
    ...(settings.identitiesOnly ? [] : agent.keys).map((key) => agentLoginKey(key, agent.sign)),
    ...usual.filter(({ isLocked }) => isLocked),
  ]);
  const surplus = surplusOf(keys.length, agent.keys.length);
  return { keys: keys.slice(0, MAX_KEYS), notes, surplus };
}

function unique(keys: readonly LoginKey[]): readonly LoginKey[] {
  return keys.filter(({ label }, index) => keys.findIndex((key) => key.label === label) === index);
}

function surplusOf(count: number, held: number): string | undefined {
  if (count <= MAX_KEYS) return undefined;
  const agent = held > 0 ? `ssh-agent holds ${held}, and ` : "";
  return `${count - MAX_KEYS} of ${count} keys were not offered: ${agent}sshd takes few tries`;
}

/** Why a file gives no key, and what to do about it. */
function reasonOf({ path, unlock, reason = "", fix }: KeyFile): { reason: string; fix?: string } {
  if (unlock === undefined) return { reason, ...(fix === undefined ? {} : { fix }) };
  return {
    reason:
      "it is encrypted, no agent holds it, and there is no terminal to ask for its passphrase",
    fix: `ssh-add ${shellWord(path)}`,
  };
}

function unusable(file: KeyFile): PullcastError {
  const { reason, fix } = reasonOf(file);
  return new PullcastError("PC222", {
    phase: "auth",
    detail: `${file.path}: ${reason}`,
    ...(fix === undefined ? {} : { fix }),
  });
}

function leftOut(file: KeyFile): string {
  const { reason, fix } = reasonOf(file);
  const step = fix === undefined || file.missing ? "" : ` (${fix})`;
  return `${file.path} was left out: ${reason}${step}`;
}

function loginKey(file: KeyFile, { agent, unlock }: KeySources): LoginKey | undefined {
  const { path, key, publicKey } = file;
  const blob = publicKey?.getPublicSSH();
  const held = agent.keys.find((other) => blob?.equals(other.key.getPublicSSH()));
  if (held !== undefined) return agentLoginKey(held, agent.sign);
  if (key !== undefined) {
    return { ...fileLoginKey(path, { publicKey: key, open: async () => key }), privateKey: key };
  }
  if (file.unlock === undefined || unlock === undefined) return undefined;
  const locked = { ...file, unlock: file.unlock };
  return { ...fileLoginKey(path, { publicKey, open: () => unlock(locked) }), isLocked: true };
}

function fileLoginKey(
  path: string,
  {
    publicKey,
    open,
  }: { readonly publicKey: ParsedKey | undefined; readonly open: () => Promise<ParsedKey> },
): LoginKey {
  return {
    ...named(publicKey, path),
    publicKey: publicKey === undefined ? open : async () => publicKey,
    isHidden: publicKey === undefined,
    isLocked: false,
    sign: async (data, hash) => signed((await open()).sign(data, hash)),
  };
}

/** ssh2 returns an error where it can't sign. */
function signed(signature: Buffer | Error): Buffer {
  if (signature instanceof Error) throw signature;
  return signature;
}

function agentLoginKey({ key, comment }: AgentKey, sign: AgentSign): LoginKey {
  return {
    ...named(key, agentKeyFrom(comment)),
    publicKey: async () => key,
    isHidden: false,
    isLocked: false,
    sign: (data, hash) => sign(key, data, hash),
  };
}

/** Where a key of the agent's comes from, for people. */
export function agentKeyFrom(comment: string): string {
  return comment === "" ? "agent" : `agent "${cleanText(comment, 40)}"`;
}

function named(
  key: ParsedKey | undefined,
  from: string,
): Pick<LoginKey, "label" | "name" | "from"> {
  if (key === undefined) return { label: from, from };
  const name = describeKey(key.getPublicSSH());
  return { label: `${name} (${from})`, name, from };
}
