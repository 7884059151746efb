/** One of the things that a watch does side by side, until the signal aborts. */
type Part = (signal: AbortSignal) => Promise<void>;

/**
 * Runs the parts of a watch until `signal` aborts and all have ended. One that fails stops the others; one that has
 * nothing more to do does not.
 *
 * @param onStop - called once they are to stop
 * @throws what the first of the parts that failed threw
 */
export async function runParts(
  signal: AbortSignal,
  onStop: () => void,
  parts: readonly Part[],
): Promise<void> {
  const failed = new AbortController();
  const stopped = AbortSignal.any([signal, failed.signal]);
  stopped.addEventListener("abort", onStop, { once: true });
  const ends = await Promise.allSettled(
    parts.map(async (part) => {
      try {
        await part(stopped);
      } catch (error) {
        failed.abort();
        throw error;
      }
    }),
  );
  const first = ends.find((end) => end.status === "rejected");
  if (first !== undefined) throw first.reason;
}
