import { createHash } from "node:crypto";
import type { ServerHostKeyAlgorithm } from "ssh2";

/** The type named inside a public key blob (RFC 4253, 6.6), or `""` if it isn't one. */
export function hostKeyType(blob: Buffer): string {
  if (blob.length < 4) return "";
  const length = blob.readUInt32BE(0);
  return length <= 64 && 4 + length <= blob.length ? blob.toString("latin1", 4, 4 + length) : "";
}

/** OpenSSH's form: `SHA256:` and unpadded base64. */
export function fingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** What people call a key type: `ED25519`, `RSA`, `ECDSA`. */
export function keyTypeName(type: string): string {
  if (type.startsWith("ecdsa-")) return "ECDSA";
  return type.replace(/^ssh-/, "").toUpperCase();
}

/** Whether a blob has fields to its last byte (RFC 4253, 6.6): a cut key is none, not another one. */
export function isPublicKey(blob: Buffer): boolean {
  let at = 0;
  while (at + 4 <= blob.length) at += 4 + blob.readUInt32BE(at);
  return blob.length > 0 && at === blob.length;
}

/** A public key for people: `ED25519 SHA256:…`. */
export function describeKey(blob: Buffer): string {
  return `${keyTypeName(hostKeyType(blob))} ${fingerprint(blob)}`;
}

/** A public key as it is shown. */
export function describePublicKey(blob: Buffer): { type: string; fingerprint: string } {
  return { type: keyTypeName(hostKeyType(blob)), fingerprint: fingerprint(blob) };
}

/** What we accept, best first; RSA only with SHA-2. */
const HOST_KEY_ALGORITHMS: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/**
 * Host key algorithms to offer, those of known keys first, so that a host with several keys
 * shows the one we know (OpenSSH: `order_hostkeyalgs`).
 */
export function orderHostKeyAlgorithms(knownTypes: ReadonlySet<string>): ServerHostKeyAlgorithm[] {
  const isKnown = (algorithm: string) =>
    knownTypes.has(algorithm.startsWith("rsa-sha2-") ? "ssh-rsa" : algorithm);
  return [
    ...HOST_KEY_ALGORITHMS.filter(isKnown),
    ...HOST_KEY_ALGORITHMS.filter((algorithm) => !isKnown(algorithm)),
  ];
}
