import type { Code, PullcastError } from "../errors.ts";
import { shellWord } from "../util/shell-word.ts";
import { describeKey, hostKeyType } from "./host-key.ts";
import { type HostKeyVerdict, type KnownKey, lookupName, type Place } from "./known-hosts.ts";
import { sshError } from "./ssh-error.ts";

interface Offer {
  readonly at: string;
  readonly host: string;
  readonly port: number;
  readonly blob: Buffer;
  readonly verdict: HostKeyVerdict;
  readonly hostKeyChecking: "strict" | "accept-new";
}

/** Why an offered host key is refused (PC211 to PC214), or `undefined` if it is good. */
export function hostKeyRefusal(offer: Offer): PullcastError | undefined {
  const { verdict } = offer;
  switch (verdict.type) {
    case "known":
      return undefined;
    case "unknown":
      if (verdict.authority !== undefined) {
        const where = placeText(verdict.authority);
        return refusal("PC211", offer, `; the @cert-authority of ${where} can't be checked`);
      }
      if (offer.hostKeyChecking === "accept-new") return undefined;
      return refusal("PC211", offer, ` as ${lookupName(offer.host, offer.port)}`, addition(offer));
    case "changed":
      return refusal("PC212", offer, `, known is ${keysText(verdict.known)}`, removal(offer));
    case "other-type":
      return refusal("PC214", offer, `, known is ${keysText(verdict.known)}`);
    case "revoked":
      return refusal("PC213", offer, ` (${verdict.known.map(placeText).join(", ")})`);
    default:
      return verdict satisfies never;
  }
}

function refusal(
  code: Code,
  { at, blob }: Offer,
  ...[rest, fix]: readonly [rest: string, fix?: string]
): PullcastError {
  const detail = `it offers ${describeKey(blob)}${rest}`;
  return sshError(code, { at, phase: "host-key", detail, ...(fix === undefined ? {} : { fix }) });
}

/** Comparing comes first: a line that was only copied proves nothing. */
function addition({ host, port, blob }: Offer): string {
  const line = `${lookupName(host, port)} ${hostKeyType(blob)} ${blob.toString("base64")}`;
  return `compare the fingerprint with the node's console, then use --host-key-checking accept-new, or add to known_hosts: ${line}`;
}

/** Forgetting a key comes second: the first question is why it changed. */
function removal({ host, port, verdict }: Offer): string {
  const files = verdict.type === "changed" ? verdict.known.map(({ file }) => file) : [];
  const name = shellWord(lookupName(host, port));
  const commands = [...new Set(files)].map((file) => `ssh-keygen -R ${name} -f ${shellWord(file)}`);
  return `find out why: a rebuilt node, or an attack; only then ${commands.join("; ")}`;
}

function keysText(keys: readonly KnownKey[]): string {
  return keys.map((key) => `${describeKey(key.blob)} (${placeText(key)})`).join(", ");
}

function placeText({ file, line }: Place): string {
  return `${file}:${line}`;
}
