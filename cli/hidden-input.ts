import { closeSync, openSync, writeSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { ReadStream } from "node:tty";
import { Secret } from "../agent/index.ts";

/** The terminal of this process, wherever its streams lead. */
const TERMINAL = "/dev/tty";

/** Keys as a terminal in raw mode hands them on. */
const KEY = {
  interrupt: "\u0003",
  end: "\u0004",
  backspace: "\b",
  delete: "\u007f",
  kill: "\u0015",
};

/** More than any password: a paste of the wrong thing ends here. */
const MAX_CHARACTERS = 1024;

/**
 * Asks for a secret on the terminal without showing what is typed. Ctrl-C there stays a signal to this process.
 *
 * @returns `undefined` where nothing was typed or the terminal ended
 * @throws the abort reason
 */
export async function askHidden(
  question: string,
  signal: AbortSignal,
): Promise<Secret | undefined> {
  signal.throwIfAborted();
  const output = openSync(TERMINAL, "w");
  const input = new ReadStream(openSync(TERMINAL, "r"));
  try {
    input.setRawMode(true);
    writeSync(output, question);
    const text = await readLine(input, signal);
    return text === "" ? undefined : new Secret(text);
  } finally {
    if (!input.destroyed) input.setRawMode(false);
    input.destroy();
    writeSync(output, "\n");
    closeSync(output);
  }
}

function readLine(input: ReadStream, signal: AbortSignal): Promise<string> {
  const line = new HiddenLine();
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    input
      .on("close", () => signal.removeEventListener("abort", stop))
      .on("end", () => resolve(""))
      // A terminal that was closed can't be read.
      .on("error", () => resolve(""))
      .on("data", (bytes) => {
        const came = line.type(bytes);
        if (came === "interrupt") process.kill(process.pid, "SIGINT");
        else if (came === "line") resolve(line.text);
      });
  });
}

/** What was typed, and how it was mended. */
class HiddenLine {
  readonly #decoder = new StringDecoder("utf8");
  #characters: string[] = [];

  get text(): string {
    return this.#characters.join("");
  }

  /** Takes bytes of the terminal up to the end of the line, or to a Ctrl-C. */
  type(bytes: Buffer): "line" | "interrupt" | undefined {
    for (const character of this.#decoder.write(bytes)) {
      if (character === KEY.interrupt) return "interrupt";
      if (character === "\r" || character === "\n") return "line";
      if (character === KEY.end && this.#characters.length === 0) return "line";
      this.#take(character);
    }
    return undefined;
  }

  #take(character: string): void {
    if (character === KEY.backspace || character === KEY.delete) this.#characters.pop();
    else if (character === KEY.kill) this.#characters = [];
    // No key of a password is a control character.
    else if (character >= " " && this.#characters.length < MAX_CHARACTERS)
      this.#characters.push(character);
  }
}
