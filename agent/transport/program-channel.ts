import type { Readable, Writable } from "node:stream";
import type { ExecEnd } from "../model.ts";

/** The streams of a program on a node and its end, whatever carries them. */
export interface ProgramChannel {
  readonly input: Writable;
  readonly output: Readable;
  readonly errors: Readable;
  /**
   * Calls `exit` as soon as the end is known, maybe before the last output (not every channel knows it early);
   * then `close` once no more output comes, with an error where the program's end says nothing.
   */
  onEnd(listeners: {
    readonly exit: (end: ExecEnd) => void;
    readonly close: (end: ExecEnd | Error) => void;
  }): void;
  /** Told of bytes that were taken, so that nobody takes them for noise. */
  readonly onUseful?: (bytes: number) => void;
}
