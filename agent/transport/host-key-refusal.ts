import { type Code, describeCode, PullcastError } from "../errors.ts";
import type { Notice } from "../model.ts";
import { shellWord } from "../util/shell-word.ts";
import { describeKey, fingerprint, hostKeyType, keyTypeName } from "./host-key.ts";
import { type HostKeyOffer, UnknownHostKey } from "./host-key-offer.ts";
import type { HostSettings } from "./host-settings.ts";
import type { HostTrust } from "./host-trust.ts";
import { type HostKeyVerdict, type KnownKey, lookupName, type Place } from "./known-hosts.ts";
import { renewal, trustCommand } from "./pins.ts";

/** How the key of one host is checked. */
export interface KeyChecking {
  /** `host:port`, with the way there, for messages. */
  readonly at: string;
  readonly trust: HostTrust;
  readonly hostKeyChecking: HostSettings["hostKeyChecking"];
  /** Ids of offers that the user let in. */
  readonly approved: ReadonlySet<string>;
}

interface Offer extends KeyChecking {
  readonly blob: Buffer;
  readonly verdict: HostKeyVerdict;
}

/** Why an offered host key is refused (PC211 to PC214), or `undefined` if it is good. */
export function hostKeyRefusal(offer: Offer): PullcastError | undefined {
  const { verdict } = offer;
  switch (verdict.type) {
    case "known":
      return undefined;
    case "unknown":
      return verdict.authority === undefined ? unknown(offer) : unvouched(offer, verdict.authority);
    case "changed":
      return refusal("PC212", offer, {
        rest: `, known is ${keysText(verdict.known)}`,
        fix: removal(offer.trust, verdict.known),
      });
    case "other-type":
      return refusal("PC214", offer, {
        rest: `, known is ${keysText(verdict.known)}`,
        // A host of the user's may have both keys.
        fix: offer.trust.pin === undefined ? undefined : removal(offer.trust, verdict.known),
      });
    case "revoked":
      return refusal("PC213", offer, { rest: ` (${verdict.known.map(placeText).join(", ")})` });
    default:
      return verdict satisfies never;
  }
}

/** Lines about the host that could not be read (PC217). */
export function badLineNotices(trust: HostTrust): Notice[] {
  const lines = trust.badLines();
  if (lines.length === 0) return [];
  return [{ code: "PC217", message: `${describeCode("PC217").title}: ${placesText(lines)}` }];
}

function unknown(offer: Offer): PullcastError | undefined {
  const { trust, blob, hostKeyChecking, approved, at } = offer;
  const asked: HostKeyOffer = {
    at,
    ...(trust.pin === undefined ? {} : { node: trust.pin.node }),
    keyType: keyTypeName(hostKeyType(blob)),
    fingerprint: fingerprint(blob),
    id: JSON.stringify([
      trust.pin ?? [trust.files, trust.host, trust.port],
      blob.toString("base64"),
    ]),
  };
  if (hostKeyChecking === "accept-new" || approved.has(asked.id)) return undefined;
  const bad = trust.badLines();
  const rest = ` as ${lookupName(trust.host, trust.port)}`;
  const options = optionsOf(offer, {
    rest: bad.length === 0 ? rest : `${rest}; not read: ${placesText(bad)}`,
    fix: firstContact(trust, blob),
  });
  return hostKeyChecking === "ask"
    ? new UnknownHostKey(asked, options)
    : new PullcastError("PC211", options);
}

function unvouched(offer: Offer, authority: Place): PullcastError {
  const rest = `; the @cert-authority of ${placeText(authority)} can't be checked`;
  return refusal("PC211", offer, { rest });
}

interface Words {
  readonly rest: string;
  readonly fix?: string | undefined;
}

function refusal(code: Code, offer: Offer, words: Words): PullcastError {
  return new PullcastError(code, optionsOf(offer, words));
}

function optionsOf({ at, blob }: Offer, { rest, fix }: Words) {
  const detail = `${at}: it offers ${describeKey(blob)}${rest}`;
  return { phase: "host-key", detail, ...(fix === undefined ? {} : { fix }) } as const;
}

/**
 * How an unknown key becomes known. The API server knows the nodes' keys without a first contact; elsewhere comparing
 * comes first: a line that was only copied proves nothing.
 *
 * @param blob - the key that was offered, where it was seen
 */
export function firstContact({ pin, host, port }: HostTrust, blob?: Buffer): string {
  if (pin !== undefined) {
    return `${trustCommand(pin)}, or compare the fingerprint with the node's console and use --host-key-checking accept-new`;
  }
  const line =
    blob && `: ${lookupName(host, port)} ${hostKeyType(blob)} ${blob.toString("base64")}`;
  return `compare the fingerprint with the host's console, then use --host-key-checking accept-new, or add to known_hosts${line ?? ""}`;
}

/** Forgetting a key comes second: the first question is why it changed. */
function removal({ pin, isPinned, host, port }: HostTrust, known: readonly KnownKey[]): string {
  if (pin !== undefined && isPinned) return renewal(pin);
  const name = shellWord(lookupName(host, port));
  const files = new Set(known.map(({ file }) => shellWord(file)));
  const forget = [...files].map((file) => `ssh-keygen -R ${name} -f ${file}`);
  // Once a node is pinned, what known_hosts has for its address counts no more.
  const steps = pin === undefined ? forget : [trustCommand(pin)];
  return `find out why: a rebuilt node, or an attack; only then ${steps.join("; ")}`;
}

function keysText(keys: readonly KnownKey[]): string {
  return keys.map((key) => `${describeKey(key.blob)} (${placeText(key)})`).join(", ");
}

function placesText(places: readonly Place[]): string {
  return places.map(placeText).join(", ");
}

function placeText({ file, line }: Place): string {
  return `${file}:${line}`;
}
