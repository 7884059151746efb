/** What a long run is told. */
export interface SoakOptions {
  /** Repeats the same choices. */
  readonly seed: number;
  /** How many faults or cases to make; all there are where a run counts them itself. */
  readonly points: number;
  readonly onProgress?: (line: string) => void;
}

/** Counts to keep with the code: numbers and short texts, nothing of the machine. */
export type Evidence = Readonly<Record<string, unknown>>;
