import { parseAddress } from "./address.ts";
import { splitHost } from "./host-port.ts";
import { normalizeKey } from "./normalize-key.ts";
import { rulesOf } from "./rules.ts";
import { toByteText } from "./utf8.ts";

/** Dot-separated parts of a registry's name that patterns are made for: a longer name is nobody's. */
export const MAX_LABELS = 8;

/**
 * `matchImages` that serve every registry of up to 8 labels, without a port and with each of these: the kubelet reads
 * them at its start only, so they must serve what comes later.
 *
 * @param ports - decimal, each once
 */
export function providerPatterns(ports: readonly string[]): string[] {
  return ["", ...ports.map((port) => `:${port}`)].flatMap((port) =>
    Array.from({ length: MAX_LABELS }, (_, more) => `*${".*".repeat(more)}${port}`),
  );
}

/** The ports of these keys of `auths`, each once, in order. */
export function portsOf(keys: readonly string[]): string[] {
  const ports = keys.flatMap((key) => hostOf(key)?.port || []);
  return [...new Set(ports)].sort((a, b) => Number(a) - Number(b));
}

/** Keys that no pattern of `providerPatterns` serves. */
export function tooLongKeys(keys: readonly string[]): string[] {
  return keys.filter((key) => (hostOf(key)?.labels.length ?? 0) > MAX_LABELS);
}

function hostOf(key: string) {
  const found = normalizeKey(key);
  if ("why" in found) return undefined;
  const address = parseAddress(toByteText(found.registry), rulesOf());
  return "why" in address ? undefined : splitHost(address.host);
}
