/** RFC 3339 of a node's time, seconds since 1970. */
export function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
