import { access } from "node:fs/promises";
import { userInfo } from "node:os";

/**
 * Whether there may be a Kerberos ticket to log in with: `GSSAPIAuthentication yes` alone says little, since Debian
 * has it for every host. Caches other than files can't be looked at, so where one is named, there may.
 */
export async function mayHaveTicket(
  env: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  const { KRB5CCNAME: name = `FILE:/tmp/krb5cc_${userInfo().uid}` } = env;
  const [, kind = "FILE", rest = name] = /^([A-Z]+):(.*)$/.exec(name) ?? [];
  if (kind !== "FILE") return true;
  return await access(rest).then(
    () => true,
    () => false,
  );
}
