import { createHash } from "node:crypto";
import { Secret } from "../secret.ts";
import { composeConfig } from "./compose.ts";
import type { Credential, LoadedConfig } from "./model.ts";

/** The file for the nodes, and what it holds: sorted by key, so that equal credentials are equal bytes. */
export function composeFile(
  unsorted: readonly Credential[],
): Pick<LoadedConfig, "bytes" | "digest" | "sizeBytes" | "entries" | "credentials"> {
  const credentials = [...unsorted].sort((a, b) => (a.key < b.key ? -1 : 1));
  const bytes = composeConfig(credentials);
  return {
    bytes: new Secret<Uint8Array>(bytes),
    digest: createHash("sha256").update(bytes).digest("hex"),
    sizeBytes: bytes.byteLength,
    entries: credentials.map(({ key }) => key),
    credentials,
  };
}
