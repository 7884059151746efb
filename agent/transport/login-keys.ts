import type { AgentAuthMethod, ParsedKey } from "ssh2";
import { PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";
import type { AgentKey, AgentKeys } from "./agent-keys.ts";
import { describeKey } from "./host-key.ts";
import type { HostSettings } from "./host-settings.ts";
import { type KeyFile, readKeyFile } from "./key-file.ts";
import type { Ssh2 } from "./ssh2.ts";

/** A key to offer: by file or by agent. */
export interface LoginKey {
  /** For people: type, fingerprint, where it is. */
  readonly label: string;
  /** For people: type and fingerprint. */
  readonly name: string;
  /** A path, or the agent with its comment. */
  readonly from: string;
  readonly via: { readonly key: ParsedKey } | { readonly agent: AgentAuthMethod["agent"] };
}

/** The keys of a run, in the order they are offered, and what was left out and why. */
export interface LoginKeys {
  readonly keys: readonly LoginKey[];
  readonly notes: readonly string[];
}

/** sshd ends the connection at the 6th failure (MaxAuthTries), and counts every key it refuses. */
const MAX_KEYS = 5;

type KeyOptions = Pick<
  HostSettings,
  "identities" | "configuredIdentities" | "defaultIdentities" | "identitiesOnly" | "agentSocket"
>;

/**
 * Collects the keys to log in with: the identities given, those of ssh's configuration, the default files,
 * then the agent's others; the agent signs for every file whose public half it holds.
 *
 * @param agent - the agent's keys
 * @throws {PullcastError} PC222 if a given identity can't be used
 */
export async function collectLoginKeys(
  ssh2: Ssh2,
  options: KeyOptions & { readonly agent: AgentKeys },
): Promise<LoginKeys> {
  const { agent } = options;
  const read = (paths: readonly string[]) =>
    Promise.all(paths.map((path) => readKeyFile(ssh2, path)));
  const [given, configured, defaults] = await Promise.all([
    read(options.identities),
    read(options.configuredIdentities),
    read(options.defaultIdentities),
  ]);
  const notes: string[] = [];
  if (agent.problem !== undefined) notes.push(`ssh-agent: ${cleanText(agent.problem, 100)}`);
  const keys: LoginKey[] = [];
  for (const file of given) {
    const key = loginKey(file, agent.keys);
    if (key === undefined) throw unusable(file);
    keys.push(key);
  }
  for (const file of [...configured, ...defaults]) {
    const key = loginKey(file, agent.keys);
    if (key !== undefined) keys.push(key);
    // Nobody asked for a default file that isn't there.
    else if (!file.missing || configured.includes(file)) {
      const step = file.fix === undefined || file.missing ? "" : ` (${file.fix})`;
      notes.push(`${file.path} was left out: ${file.reason}${step}`);
    }
  }
  if (!options.identitiesOnly) keys.push(...agent.keys.map(agentLoginKey));
  const unique = keys.filter(
    ({ label }, index) => keys.findIndex((key) => key.label === label) === index,
  );
  if (unique.length > MAX_KEYS) {
    notes.push(
      `${unique.length - MAX_KEYS} of ${unique.length} keys were not offered: sshd takes few tries; name the right one with -i FILE`,
    );
  }
  return { keys: unique.slice(0, MAX_KEYS), notes };
}

function unusable(file: KeyFile): PullcastError {
  return new PullcastError("PC222", {
    phase: "auth",
    detail: `${file.path}: ${file.reason}`,
    ...(file.fix === undefined ? {} : { fix: file.fix }),
  });
}

function loginKey(file: KeyFile, agentKeys: readonly AgentKey[]): LoginKey | undefined {
  const held = agentKeys.find(({ publicBlob }) => file.publicBlob?.equals(publicBlob));
  if (held !== undefined) return agentLoginKey(held);
  if (file.key === undefined) return undefined;
  return { ...named(file.key, file.path), via: { key: file.key } };
}

function agentLoginKey({ key, agent }: AgentKey): LoginKey {
  return { ...named(key, agentKeyFrom(key.comment)), via: { agent } };
}

/** Where a key of the agent's comes from, for people. */
export function agentKeyFrom(comment: string): string {
  return comment === "" ? "agent" : `agent "${cleanText(comment, 40)}"`;
}

function named(key: ParsedKey, from: string): Omit<LoginKey, "via"> {
  const name = describeKey(key.getPublicSSH());
  return { label: `${name} (${from})`, name, from };
}
