import type { Secret } from "../agent/index.ts";
import type { WithEngine } from "./load-engine.ts";

/** A stream that text goes to: a terminal, a pipe or a file. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** All that the command line knows of the process it runs in; made in main.ts, given by hand in tests. */
export interface Host {
  /** As the user calls it: `pullcast` or `kubectl pullcast`. */
  readonly program: string;
  readonly version: string;
  /** Without node and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  /** Who runs it and where, for people: `alice@bastion`. */
  readonly operator?: () => string;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Reads standard input to its end, at most `limitBytes`. */
  readonly readStdin: (limitBytes: number) => Promise<Uint8Array>;
  /** Asks on the terminal; absent where standard input or standard error is none. */
  readonly ask?: (question: string, signal: AbortSignal) => Promise<string>;
  /**
   * Asks for a secret on the terminal, hidden, wherever standard input and output lead;
   * `undefined` where nothing was typed. Absent where there is no terminal.
   */
  readonly askSecret?: (question: string, signal: AbortSignal) => Promise<Secret | undefined>;
  /** Calls `stop` at each signal that asks the process to end; returns how to stop listening. */
  readonly onStop: (stop: () => void) => () => void;
  /** Loads what works; each call gives the same. */
  readonly loadEngine: () => Promise<Pick<WithEngine, "runCommand">>;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
}
