/**
 * An address as it may be shown: without `user:password@`. All before the last `@` goes, since a
 * password may hold a slash; the scheme goes with it.
 */
export function withoutLogin(address: string): string {
  const at = address.lastIndexOf("@");
  return at < 0 ? address : address.slice(at + 1);
}
