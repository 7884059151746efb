import { expect, test } from "vitest";
import { Output } from "../../../agent/transport/output.ts";

test("the first and the last bytes stay, whatever the chunks", () => {
  const text = Array.from({ length: 40_000 }, (_, index) => `${index}\n`).join("");
  const expected = text.slice(0, 16 * 1024) + text.slice(-48 * 1024);
  for (const size of [1, 7, 1000, 65_536, text.length]) {
    const output = new Output();
    for (let at = 0; at < text.length; at += size) {
      output.add(Buffer.from(text.slice(at, at + size)));
    }
    expect(output.text() === expected, `chunks of ${size}`).toBe(true);
  }
});

test("short outputs come whole", () => {
  for (const length of [0, 1, 16 * 1024, 16 * 1024 + 1, 64 * 1024]) {
    const output = new Output();
    output.add(Buffer.from("x".repeat(length)));
    expect(output.text().length).toBe(length);
  }
});

test("the tail is the end of the whole, wherever that lies", () => {
  for (const length of [0, 10, 4096, 65_536, 65_537, 70_000, 200_000]) {
    for (const maxHead of [16 * 1024, 256 * 1024]) {
      const output = new Output(maxHead);
      const text = Array.from({ length }, (_, index) => index % 10).join("");
      output.add(Buffer.from(text));
      expect(output.tail(), `${length} of ${maxHead}`).toBe(text.slice(-4096));
    }
  }
});

test("a large head takes its own bytes and no more, however they come", () => {
  const size = 2 * 1024 * 1024;
  const output = new Output(size);
  const before = process.memoryUsage().arrayBuffers;
  for (let at = 0; at < size; at += 1) output.add(Buffer.from("x"));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(3 * size);
  expect(output.text().length).toBe(size);
});
