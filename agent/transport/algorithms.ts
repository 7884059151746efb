import type { Algorithms, Client, NegotiatedAlgorithms, ServerHostKeyAlgorithm } from "ssh2";
import { cleanText } from "../util/clean-text.ts";

/**
 * What pullcast offers in a handshake: no SHA-1, and only ciphers that a prefix truncation
 * (Terrapin, CVE-2023-48795) can't touch, whether or not the peer knows strict key exchange:
 * so neither chacha20-poly1305 nor CBC. AES-GCM first: it is native in Node.
 */
export function offeredAlgorithms(serverHostKey: ServerHostKeyAlgorithm[]): Algorithms {
  return {
    serverHostKey,
    kex: [
      "curve25519-sha256",
      "curve25519-sha256@libssh.org",
      "ecdh-sha2-nistp256",
      "ecdh-sha2-nistp384",
      "ecdh-sha2-nistp521",
      "diffie-hellman-group-exchange-sha256",
      "diffie-hellman-group14-sha256",
      "diffie-hellman-group16-sha512",
      "diffie-hellman-group18-sha512",
    ],
    cipher: [
      "aes128-gcm@openssh.com",
      "aes256-gcm@openssh.com",
      "aes128-ctr",
      "aes192-ctr",
      "aes256-ctr",
    ],
    hmac: [
      "hmac-sha2-256-etm@openssh.com",
      "hmac-sha2-512-etm@openssh.com",
      "hmac-sha2-256",
      "hmac-sha2-512",
    ],
    compress: ["none"],
  };
}

/** What both sides agreed on, and what the peer calls itself. */
export function describeHandshake(client: Client, { kex, cs }: NegotiatedAlgorithms): string {
  const software: unknown = Reflect.get(client, "_remoteVer");
  const peer = typeof software === "string" ? cleanText(software, 60) : "";
  return `${peer}: ${kex}, ${cs.cipher}`;
}
