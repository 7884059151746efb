import { readFile } from "node:fs/promises";

/**
 * Whether the user's ssh configuration has a `Host` entry that names this host literally.
 * Patterns don't count: `Host *` says nothing about one host. A file that can't be read counts as empty.
 *
 * @param files - paths of ssh_config files
 */
export async function hasSshHost(files: readonly string[], name: string): Promise<boolean> {
  const wanted = name.toLowerCase();
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => "");
    for (const line of text.split("\n")) {
      const hosts = /^\s*host(?:\s+|\s*=\s*)(\S.*)$/i.exec(line)?.[1] ?? "";
      const names = hosts.split(/\s+/).map((host) => host.replaceAll('"', "").toLowerCase());
      if (names.includes(wanted)) return true;
    }
  }
  return false;
}
