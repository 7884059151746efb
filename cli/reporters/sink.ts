import type { Host, Output } from "../host.ts";

/** Where a reporter's text goes: lines that stay, and one status that changes. */
export interface Sink {
  /** Whether the status is visible: then single steps need no lines. */
  readonly live: boolean;
  line(text: string): void;
  status(text: string): void;
  /** Removes the status; lines stay. */
  end(): void;
}

/** Lines alone, for logs and pipes. */
export function lineSink(output: Output): Sink {
  return {
    live: false,
    line: (text) => output.write(`${text}\n`),
    status: () => {},
    end: () => {},
  };
}

/**
 * Whether standard error can show a status that changes. CI services often have a terminal and keep every
 * frame; a terminal that doesn't know its width (0) would make the spinner erase lines without end.
 */
export function canShowStatus({
  stderr,
  env: { CI, TERM },
}: Pick<Host, "stderr" | "env">): boolean {
  return stderr.isTTY === true && (stderr.columns ?? 0) > 0 && !CI && TERM !== "dumb";
}

/** A spinner's line under the lines, for terminals. */
export async function spinnerSink(stream: NodeJS.WriteStream): Promise<Sink> {
  const { default: ora } = await import("ora");
  // Raw standard input would swallow Ctrl-C. Whether a status can be seen is decided (canShowStatus), not ora's to judge.
  const spinner = ora({ stream, discardStdin: false, isEnabled: true });
  return {
    live: true,
    line: (text) => {
      const isShown = spinner.isSpinning;
      if (isShown) spinner.clear();
      stream.write(`${text}\n`);
      if (isShown) spinner.render();
    },
    status: (text) => {
      spinner.text = text;
      if (!spinner.isSpinning) spinner.start();
    },
    end: () => {
      if (spinner.isSpinning) spinner.stop();
    },
  };
}
