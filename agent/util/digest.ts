import { createHash } from "node:crypto";

/** As registries and containerd name content: `sha256:…`. */
export function digestOf(content: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
