import { createHash, randomBytes } from "node:crypto";
import { Secret } from "../../../agent/secret.ts";

/** A config.json with one registry and this password. */
export function configOf(password: string): Buffer {
  const auth = Buffer.from(`robot:${password}`).toString("base64");
  return Buffer.from(`${JSON.stringify({ auths: { "registry.example": { auth } } })}\n`);
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What composeInstall takes for these bytes. */
export function nodeConfig(bytes: Uint8Array) {
  return { bytes: new Secret(bytes), digest: sha256(bytes), sizeBytes: bytes.length };
}

/** A request with a fresh nonce, for a directory of the test's own. */
export function request(
  dir: string,
  more: { readonly replace?: boolean; readonly run?: string } = {},
) {
  return {
    user: "root",
    dir,
    run: more.run ?? "20260101T000000Z-0001",
    nonce: randomBytes(16).toString("hex"),
    replace: more.replace ?? false,
  };
}
