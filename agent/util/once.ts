/** What was made for each key: a Map, or a WeakMap where the key is not to be kept for it. */
interface Made<Key, T> {
  get(key: Key): T | undefined;
  set(key: Key, value: T): unknown;
}

/** What was made for a key before, or else now: a value, or a promise that all wait for. */
export function once<Key, T>(made: Made<Key, T>, key: Key, make: () => T): T {
  const there = made.get(key);
  if (there !== undefined) return there;
  const value = make();
  made.set(key, value);
  return value;
}
