import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ended } from "./process.ts";

const PROGRAM = "node scripts/run.mjs test/cli/ask-on-terminal.ts";

/** Runs the program on a terminal, types the answers once the questions stand there, and tells all that was seen. */
async function onTerminal(
  answers: readonly string[],
  shell: (program: string) => string = (program) => program,
): Promise<string> {
  const child = spawn("script", ["-qec", shell(PROGRAM), "/dev/null"], {
    env: { ...process.env, TERM: "xterm" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const waiting = ["first? ", "second? "];
  const left = [...answers];
  let seen = "";
  child.stdout.on("data", (chunk: Buffer) => {
    seen += chunk.toString();
    if (waiting[0] === undefined || !seen.includes(waiting[0])) return;
    waiting.shift();
    child.stdin.write(left.shift() ?? "\r");
  });
  return (await ended(child)).stdout.replaceAll("\r", "");
}

test("what is typed comes back as it was mended, and is never shown", async () => {
  const seen = await onTerminal(["opem\u007fn sesäm\u007fme\r", "wrong\u0015pass wörd\n"]);
  expect(seen).toBe('first? \ngot "open sesäme"\nsecond? \ngot "pass wörd"\n');
});

test("Enter alone and Ctrl-D are no answer", async () => {
  expect(await onTerminal(["\r", "\u0004"])).toBe("first? \ngot null\nsecond? \ngot null\n");
});

test("Ctrl-C is a signal to the process, also after some characters", async () => {
  const seen = await onTerminal(["abc\u0003"]);
  expect(seen).toBe("first? \ngot interrupted\ngot interrupted\n");
});

test("it asks on the terminal while all standard streams are elsewhere", async () => {
  const dir = await mkdtemp(join(tmpdir(), "pullcast-hidden-"));
  const file = join(dir, "output");
  try {
    const shell = (program: string) => `${program} </dev/null >${file} 2>&1`;
    expect(await onTerminal(["one\r", "two\r"], shell)).toBe("first? \nsecond? \n");
    expect(await readFile(file, "utf8")).toBe('got "one"\ngot "two"\n');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test("the terminal shows what is typed again afterwards", async () => {
  const seen = await onTerminal(["one\r", "two\r"], (program) => `${program}; stty -a`);
  expect(seen).toMatch(/ icanon .* echo /s);
});
