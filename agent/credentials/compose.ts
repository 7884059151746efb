import type { Credential } from "./model.ts";

/**
 * The file for the nodes: only `auths`, each entry as `auth` alone, keys sorted, so that equal credentials
 * are equal bytes. Text by text, never through an object: a key may be `__proto__`.
 */
export function composeConfig(
  credentials: readonly Pick<Credential, "key" | "auth">[],
): Uint8Array {
  const lines = credentials.map(
    ({ key, auth }) =>
      `\t\t${JSON.stringify(key)}: {\n\t\t\t"auth": ${JSON.stringify(auth.reveal())}\n\t\t}`,
  );
  return Buffer.from(`{\n\t"auths": {\n${lines.join(",\n")}\n\t}\n}\n`);
}
