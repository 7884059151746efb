import { hostKeyType, isPublicKey } from "../../transport/host-key.ts";

const LINE =
  /^(ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)|ssh-rsa)[ \t]+([A-Za-z0-9+/]+={0,2})(?:\s|$)/;

/** More than a node has; who prints more is no sshd's directory. */
const MAX_KEYS = 8;

/** The public host keys in what a pod printed, each once; all else, such as cat's complaints, is passed over. */
export function parseHostKeys(log: string): Buffer[] {
  const found = new Map<string, Buffer>();
  for (const line of log.split("\n")) {
    const [, type, base64 = ""] = LINE.exec(line) ?? [];
    const blob = Buffer.from(base64, "base64");
    if (type !== undefined && hostKeyType(blob) === type && isPublicKey(blob)) {
      found.set(base64, blob);
    }
  }
  return [...found.values()].slice(0, MAX_KEYS);
}
