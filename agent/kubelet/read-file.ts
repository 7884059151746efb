import type { KubeletEntry, KubeletFile, KubeletReadOptions } from "./model.ts";
import { normalizeKey } from "./normalize-key.ts";
import { readEntries } from "./read-entries.ts";

/**
 * Reads a credential file as the kubelet does: all of it, or nothing if one entry can't be read.
 * Keys that are no address leave the others alone.
 *
 * Source: kubernetes pkg/credentialprovider (config.go, keyring.go), 1.30 to 1.35.
 */
export function readKubeletFile(
  text: Uint8Array | string,
  options: KubeletReadOptions = {},
): KubeletFile {
  const reading = readEntries(text, options.format);
  const [fault] = reading.faults;
  if (fault !== undefined) return { valid: false, why: fault };
  const entries: KubeletEntry[] = [];
  const ignored: { key: string; why: string }[] = [];
  for (const entry of reading.entries) {
    const { key } = entry;
    if (!entry.readable) return { valid: false, why: entry.why, key };
    if (entry.replaced) continue;
    const normalized = normalizeKey(key, options.version);
    if ("why" in normalized) ignored.push({ key, why: normalized.why });
    else {
      const { username, password, auth } = entry;
      entries.push({ key, registry: normalized.registry, username, password, auth });
    }
  }
  return { valid: true, entries, ignored };
}
