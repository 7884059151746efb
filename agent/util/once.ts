/** What was made for a key before, or else now: a value, or a promise that all wait for. */
export function once<T>(made: Map<string, T>, key: string, make: () => T): T {
  const there = made.get(key);
  if (there !== undefined) return there;
  const value = make();
  made.set(key, value);
  return value;
}
