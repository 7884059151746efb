import type { Output } from "../host.ts";

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

/** A spinner's line under the lines, for terminals. */
export async function spinnerSink(stream: NodeJS.WriteStream): Promise<Sink> {
  const { default: ora } = await import("ora");
  // Raw standard input would swallow Ctrl-C.
  const spinner = ora({ stream, discardStdin: false });
  return {
    live: true,
    line: (text) => {
      spinner.clear();
      stream.write(`${text}\n`);
      if (spinner.isSpinning) spinner.render();
    },
    status: (text) => {
      spinner.text = text;
      if (!spinner.isSpinning) spinner.start();
    },
    end: () => {
      spinner.stop();
    },
  };
}
