/** ssh2's module; it is heavy (about 60 ms), so it is loaded where a connection is really made. */
export type Ssh2 = typeof import("ssh2");

/** Loads ssh2 on first use. */
export async function loadSsh2(): Promise<Ssh2> {
  return (await import("ssh2")).default;
}
