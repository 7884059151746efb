import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import { expect, test, vi } from "vitest";
import { parsePrivateKey } from "../../../agent/transport/private-key.ts";
import { loadSsh2 } from "../../../agent/transport/ssh2.ts";

const DATA = Buffer.from("what a login signs");

async function parsed(privateKey: KeyObject) {
  const text = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const result = parsePrivateKey(await loadSsh2(), { path: "id", text });
  if (!("key" in result)) throw new Error("no key");
  return result.key;
}

const KINDS = [
  { kind: "Ed25519", make: () => generateKeyPairSync("ed25519"), hash: undefined, checked: null },
  {
    kind: "RSA with the hash that was agreed on",
    make: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
    ...{ hash: "sha512", checked: "sha512" },
  },
  {
    kind: "ECDSA with the hash of its curve",
    make: () => generateKeyPairSync("ec", { namedCurve: "secp384r1" }),
    ...{ hash: undefined, checked: "sha384" },
  },
];

test.each(KINDS)("$kind signs", async ({ make, hash, checked }) => {
  const { privateKey } = make();
  const key = await parsed(privateKey);
  const other = make().privateKey;
  for (const data of [DATA, DATA.toString()]) {
    const signature = key.sign(data, hash);
    expect(verify(checked, DATA, createPublicKey(privateKey), signature)).toBe(true);
    expect(verify(checked, DATA, createPublicKey(other), signature)).toBe(false);
  }
});

test("a key is read once, however often it signs", async () => {
  const key = await parsed(generateKeyPairSync("ed25519").privateKey);
  const read = vi.spyOn(key, "getPrivatePEM");
  const signatures = Array.from({ length: 3 }, () => key.sign(DATA).toString("hex"));
  expect(new Set(signatures).size).toBe(1);
  expect(read).toHaveBeenCalledTimes(1);
});

test("what can't be signed is an error that is returned, as ssh2 wants it", async () => {
  const key = await parsed(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);
  expect(key.sign(DATA, "no-such-hash")).toBeInstanceOf(Error);
});
