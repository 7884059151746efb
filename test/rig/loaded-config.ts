import { composeFile } from "../../agent/credentials/compose-file.ts";
import type { Credential, LoadedConfig } from "../../agent/credentials/model.ts";
import { Secret } from "../../agent/secret.ts";

/** What a push would send of these logins: `user:password` by key. */
export function loadedConfig(logins: Readonly<Record<string, string>>): LoadedConfig {
  const credentials = Object.entries(logins).map(
    ([key, login]): Credential => ({
      key,
      username: login.split(":")[0] ?? "",
      auth: new Secret(Buffer.from(login).toString("base64")),
      source: "test",
      kind: "password",
      expiresAt: "unknown",
    }),
  );
  return {
    ...composeFile(credentials),
    source: "test",
    warnings: [],
    leftOut: [],
    unfetched: [],
    sourceEntries: [],
    ambient: false,
  };
}
