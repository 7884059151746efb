import ssh2 from "ssh2";

/** A key pair in OpenSSH's own formats. */
export interface SshKeyPair {
  readonly private: string;
  readonly public: string;
}

/**
 * A fresh key pair. One in 200 that ssh2 makes (1.17) can be read by nobody, ssh2 and ssh-keygen included: those
 * are thrown away.
 */
export function newSshKey(type: "ed25519" | "ecdsa", comment = ""): SshKeyPair {
  for (;;) {
    const pair =
      type === "ecdsa"
        ? ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256, comment })
        : ssh2.utils.generateKeyPairSync("ed25519", { comment });
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}
