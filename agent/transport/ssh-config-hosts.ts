import { readFile } from "node:fs/promises";

/**
 * Tells whether the user's ssh configuration has a `Host` entry that names a host literally.
 * Patterns don't count: `Host *` says nothing about one host. A file that can't be read counts as empty.
 * The files are read at the first question, once for all nodes.
 *
 * @param files - paths of ssh_config files
 */
export function sshHostLookup(files: readonly string[]): (name: string) => Promise<boolean> {
  let hosts: Promise<ReadonlySet<string>> | undefined;
  return async (name) => {
    hosts ??= readHosts(files);
    return (await hosts).has(name.toLowerCase());
  };
}

async function readHosts(files: readonly string[]): Promise<ReadonlySet<string>> {
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  const entries = texts.join("\n").matchAll(/^[ \t]*host(?:[ \t]+|[ \t]*=[ \t]*)(\S.*)$/gim);
  return new Set(
    [...entries].flatMap(([, names = ""]) => names.replaceAll('"', "").toLowerCase().split(/\s+/)),
  );
}
