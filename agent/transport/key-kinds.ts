import { readFile } from "node:fs/promises";
import { cleanText } from "../util/clean-text.ts";
import { once } from "../util/once.ts";
import type { AgentList } from "./agent-list.ts";
import { hostKeyType } from "./host-key.ts";
import type { HostSettings } from "./host-settings.ts";
import { publicBlobIn } from "./public-blob.ts";

/** A public key or certificate that ssh would offer. */
export interface SeenKey {
  /** As named in its blob: `ssh-ed25519`, `ssh-ed25519-cert-v01@openssh.com`, … */
  readonly type: string;
  readonly blob: Buffer;
  /** Path of its file, or `undefined` for the agent's. */
  readonly path?: string;
  /** The agent's comment. */
  readonly comment?: string;
}

/** Which files and which of the agent's keys ssh would offer for a host. */
export type KeySettings = Pick<
  HostSettings,
  "identities" | "configuredIdentities" | "defaultIdentities" | "identitiesOnly"
>;

type AllKeySettings = KeySettings & Pick<HostSettings, "agentSocket">;

/** Whoever chooses how to reach a host asks for it, and so does the login. */
const ids = new WeakMap<AllKeySettings, string>();

/** The same text for hosts that are offered the same keys. */
export function keySettingsId(settings: AllKeySettings): string {
  return once(ids, settings, () => {
    const { identities, configuredIdentities, defaultIdentities, identitiesOnly, agentSocket } =
      settings;
    const files = [identities, configuredIdentities, defaultIdentities];
    return JSON.stringify([files, identitiesOnly, agentSocket ?? null]);
  });
}

/**
 * Why the keys of a host need the system's ssh: ssh2 1.17 can use neither certificates nor FIDO keys
 * (`sk-…`), from files or through an agent.
 *
 * @returns a clause for people, `undefined` where ssh2 can use all keys
 */
export function needsSystemSsh(seen: readonly SeenKey[]): string | undefined {
  for (const { type, path, comment } of seen) {
    const kind = kindOf(type);
    if (kind === undefined) continue;
    if (path !== undefined) return `${cleanText(path, 200)} is ${kind}`;
    const named = comment ? ` ("${cleanText(comment, 40)}")` : "";
    return `ssh-agent holds ${kind}${named}`;
  }
  return undefined;
}

function kindOf(type: string): string | undefined {
  if (/-cert-v\d+@openssh\.com$/.test(type)) return "a certificate";
  return /^(?:webauthn-)?sk-/.test(type) ? "a FIDO key" : undefined;
}

/**
 * The keys and certificates that ssh would offer: of each identity file the key itself, its `.pub` and the
 * certificate beside it; then the agent's, those of the files alone where the files were named by flag or
 * IdentitiesOnly says so. Reads no private part and never throws.
 */
export async function seenKeys(
  settings: KeySettings,
  { held }: AgentList,
): Promise<readonly SeenKey[]> {
  const { identities, configuredIdentities, defaultIdentities, identitiesOnly } = settings;
  const paths = [...identities, ...configuredIdentities, ...defaultIdentities];
  const files = (await Promise.all(paths.flatMap(aroundKey).map(readPublic))).flat();
  const ofFiles = (blob: Buffer) => files.some((file) => file.blob.equals(blob));
  const isFiltered = identitiesOnly || identities.length > 0;
  return [
    ...files.map(({ path, blob }) => ({ path, blob, type: hostKeyType(blob) })),
    ...held
      .filter(({ blob }) => !isFiltered || ofFiles(blob))
      .map(({ blob, comment }) => ({ type: hostKeyType(blob), blob, comment })),
  ];
}

/** ssh looks for a key's certificate beside it, whether the private or the public file was named. */
function aroundKey(path: string): string[] {
  const key = path.replace(/(?:-cert)?\.pub$/, "");
  return [...new Set([path, `${key}.pub`, `${key}-cert.pub`])];
}

async function readPublic(path: string): Promise<{ path: string; blob: Buffer }[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  const blob = publicBlobIn(text);
  return blob === undefined ? [] : [{ path, blob }];
}
