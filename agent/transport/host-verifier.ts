/** A host key as it came from the wire: SSH's public key blob, not yet proved to be the server's. */
export type HostKeyCheck = (key: Buffer) => unknown;

/**
 * Makes a verifier for ssh2 out of `check`: only a literal `true`, returned at once, lets the host in.
 *
 * ssh2 itself (1.17) refuses on a literal `false` alone: an async function, `null`, `0` or an error
 * handed to its callback all connect. So ssh2 gets its answer here once, always a boolean.
 */
export function strictHostVerifier(
  check: HostKeyCheck,
): (key: Buffer, verify: (valid: boolean) => void) => void {
  return (key, verify) => {
    let accepted = false;
    try {
      const answer = check(key);
      // A promise is refused whatever it comes to, but it must not end as an unhandled rejection.
      if (answer instanceof Promise) answer.catch(() => undefined);
      accepted = answer === true;
    } catch {
      // Refused: whatever went wrong, the host was not found good.
    }
    verify(accepted);
  };
}
