/**
 * Full jitter: a random wait below a bound that doubles with each attempt.
 *
 * @param random - in [0, 1), `Math.random` unless a test dictates it
 * @returns a function from the attempt (1, 2, …) to ms
 */
export function fullJitter(
  baseMs: number,
  capMs: number,
  random: () => number = Math.random,
): (attempt: number) => number {
  return (attempt) => Math.floor(random() * Math.min(capMs, baseMs * 2 ** (attempt - 1)));
}
