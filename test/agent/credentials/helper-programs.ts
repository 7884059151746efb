import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Credential helpers that speak the real protocol, each a program of its own in `dir`: what it does at `get` is a
 * piece of sh, with the server's URL in `$url`.
 */
export async function writeHelpers(
  dir: string,
  helpers: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const [name, script] of Object.entries(helpers)) {
    const path = join(dir, `docker-credential-${name}`);
    await writeFile(path, `#!/bin/sh\nread -r url\naction=$1\n${script}\n`);
    await chmod(path, 0o755);
  }
}

/** sh that prints an answer of the protocol; `$url` may stand in it. */
export function answers(username: string, secret: string, server = "$url"): string {
  return `printf '{"ServerURL":"%s","Username":"%s","Secret":"%s"}' "${server}" '${username}' '${secret}'`;
}
