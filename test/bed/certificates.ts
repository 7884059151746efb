import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./progress.ts";

/** Keys and certificates of a cluster bed, PEM. */
export interface Pki {
  readonly ca: string;
  readonly serverCertificate: string;
  readonly serverKey: string;
  /** Signs the tokens of service accounts. */
  readonly serviceAccountKey: string;
  /** Its public half. */
  readonly serviceAccountPublicKey: string;
}

const DAYS = "3650";

/** Makes a CA, and a server certificate for `address`, in `dir` (0700). */
export async function makePki(dir: string, address: string): Promise<Pki> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = (file: string) => join(dir, file);
  await writeFile(path("openssl.cnf"), config(address), { mode: 0o600 });
  await writeFile(path("ca.key"), newKey(), { mode: 0o600 });
  await writeFile(path("server.key"), newKey(), { mode: 0o600 });
  const common = ["-config", "openssl.cnf", "-days", DAYS, "-x509", "-new", "-sha256"];
  const ca = ["-extensions", "ca", "-subj", "/CN=pullcast-bed CA", "-key", "ca.key"];
  await run(["openssl", "req", ...common, ...ca, "-out", "ca.crt"], { cwd: dir });
  const server = ["-extensions", "server", "-subj", "/CN=pullcast-bed", "-key", "server.key"];
  const signer = ["-CA", "ca.crt", "-CAkey", "ca.key"];
  await run(["openssl", "req", ...common, ...server, ...signer, "-out", "server.crt"], {
    cwd: dir,
  });
  const serviceAccountKey = newKey();
  return {
    ca: await readFile(path("ca.crt"), "utf8"),
    serverCertificate: await readFile(path("server.crt"), "utf8"),
    serverKey: await readFile(path("server.key"), "utf8"),
    serviceAccountKey,
    serviceAccountPublicKey: createPublicKey(serviceAccountKey)
      .export({ type: "spki", format: "pem" })
      .toString(),
  };
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** A config of our own: the machine's would add extensions twice, which Go refuses. */
function config(address: string): string {
  const names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  const ips = [address, "127.0.0.1", "10.96.0.1"];
  return `[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = ${[...names.map((name) => `DNS:${name}`), ...ips.map((ip) => `IP:${ip}`)].join(",")}
`;
}
