import { stat } from "node:fs/promises";
import { join } from "node:path";
import { PullcastError } from "../errors.ts";
import type { CredentialSource, RawSource } from "./model.ts";
import { rawSource, readCredentialFile } from "./read-file.ts";

const TEXT_VARIABLE = "DOCKER_AUTH_CONFIG";

/**
 * Reads the first ambient source that exists: the text of `$DOCKER_AUTH_CONFIG`, the files
 * `$REGISTRY_AUTH_FILE`, `$DOCKER_CONFIG/config.json`, `~/.docker/config.json` and
 * `$XDG_RUNTIME_DIR/containers/auth.json`. Others that exist are named, not read.
 *
 * @throws {PullcastError} PC601 none, PC602 empty, PC605 to PC607: the first one is there, but unusable
 */
export async function readAmbient(source: CredentialSource): Promise<RawSource> {
  const { [TEXT_VARIABLE]: text } = source.env;
  const paths = ambientPaths(source);
  if (text) return withUnused(rawSource(`$${TEXT_VARIABLE}`, Buffer.from(text)), paths);
  for (const [index, path] of paths.entries()) {
    const raw = await readCredentialFile(path);
    if (raw !== undefined) return await withUnused(raw, paths.slice(index + 1));
  }
  throw new PullcastError("PC601", { detail: `looked at ${paths.join(" and ")}` });
}

function ambientPaths({ env, homeDir }: CredentialSource): string[] {
  const { REGISTRY_AUTH_FILE, DOCKER_CONFIG, XDG_RUNTIME_DIR } = env;
  return [
    ...(REGISTRY_AUTH_FILE ? [REGISTRY_AUTH_FILE] : []),
    ...(DOCKER_CONFIG ? [join(DOCKER_CONFIG, "config.json")] : []),
    join(homeDir, ".docker", "config.json"),
    ...(XDG_RUNTIME_DIR ? [join(XDG_RUNTIME_DIR, "containers", "auth.json")] : []),
  ];
}

async function withUnused(raw: RawSource, paths: readonly string[]): Promise<RawSource> {
  const used = await identity(raw.name);
  const unused: string[] = [];
  for (const path of new Set(paths)) {
    const found = await identity(path);
    if (found !== undefined && found !== used) unused.push(path);
  }
  if (unused.length === 0) return raw;
  const message = `not used, since ${raw.name} comes first: ${unused.join(", ")}`;
  return { ...raw, warnings: [...raw.warnings, { code: "PC634", message }] };
}

/** One file may have two names. */
async function identity(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
