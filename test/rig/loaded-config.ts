import { createHash } from "node:crypto";
import { composeConfig } from "../../agent/credentials/compose.ts";
import type { Credential, LoadedConfig } from "../../agent/credentials/model.ts";
import { Secret } from "../../agent/secret.ts";

/** What a push would send of these logins: `user:password` by key. */
export function loadedConfig(logins: Readonly<Record<string, string>>): LoadedConfig {
  const credentials = Object.entries(logins)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([key, login]): Credential => ({
        key,
        username: login.split(":")[0] ?? "",
        auth: new Secret(Buffer.from(login).toString("base64")),
        source: "test",
        kind: "password",
        expiresAt: "unknown",
      }),
    );
  const bytes = composeConfig(credentials);
  return {
    bytes: new Secret<Uint8Array>(bytes),
    digest: createHash("sha256").update(bytes).digest("hex"),
    sizeBytes: bytes.length,
    entries: credentials.map(({ key }) => key),
    source: "test",
    warnings: [],
    credentials,
    leftOut: [],
    unfetched: [],
    sourceEntries: [],
    ambient: false,
  };
}
