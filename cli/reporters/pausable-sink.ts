import type { Sink } from "./sink.ts";

/** A sink that can be quiet while a question stands on the terminal. */
export interface PausableSink extends Sink {
  /** Takes the status away and keeps what comes back until the function it returns is called. */
  pause(): () => void;
}

/** Makes a sink pausable. */
export function pausableSink(sink: Sink): PausableSink {
  let pauses = 0;
  let lines: string[] = [];
  let status: string | undefined;
  const resume = () => {
    pauses -= 1;
    if (pauses > 0) return;
    for (const line of lines) sink.line(line);
    lines = [];
    if (status !== undefined) sink.status(status);
    status = undefined;
  };
  return {
    live: sink.live,
    line: (text) => (pauses > 0 ? void lines.push(text) : sink.line(text)),
    status: (text) => {
      if (pauses > 0) status = text;
      else sink.status(text);
    },
    end: () => {
      status = undefined;
      sink.end();
    },
    pause: () => {
      pauses += 1;
      sink.end();
      return resume;
    },
  };
}
