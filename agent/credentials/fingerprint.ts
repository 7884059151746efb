import type { Credential } from "./model.ts";
import { derive } from "./scrypt-thread.ts";

/** About 16 MiB and 40 ms of a processor for each guess, so that a hundred entries take seconds. */
const COST = { N: 2 ** 14, r: 8, p: 1 };
const BYTES = 4;

/**
 * A short name for an entry's content: equal fingerprints mean equal key, user and password, so that
 * two operators can compare what they push without showing it. It is slow to compute and tells 32 bits:
 * enough to compare, too few to find a password that is not one of a short list.
 *
 * @param salt - what the comparison is about, such as a cluster's identity; equal salts alone compare
 * @returns eight hex digits
 */
export async function fingerprint(
  { key, auth }: Pick<Credential, "key" | "auth">,
  salt: string,
): Promise<string> {
  // Base64 and a length keep the parts apart: no key can stand for another entry's key and login.
  const framed = `pullcast entry\n${Buffer.byteLength(key)} ${key}\n${auth.reveal()}`;
  const digest = await derive({
    password: framed,
    salt: `pullcast fingerprint\n${salt}`,
    bytes: BYTES,
    cost: COST,
  });
  return digest.toString("hex");
}
