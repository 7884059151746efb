import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanText } from "../../../agent/util/clean-text.ts";

/** All that may change how a terminal or a reader sees the rest, by code point, not by the rule under test. */
function isDangerous(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  return (
    code < 0x20 ||
    (code >= 0x7f && code <= 0x9f) ||
    code === 0x061c ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    (code >= 0xd800 && code <= 0xdfff) ||
    code === 0xfeff ||
    (code >= 0xe0000 && code <= 0xe007f)
  );
}

const nasty = fc.string({
  unit: fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    fc.constantFrom(
      "\x1b[31m",
      "\x1b]8;;x\x07",
      "\r",
      "\n",
      "\u009b",
      "\u202e",
      "\ud800",
      "a",
      "…",
    ),
  ),
  maxLength: 300,
});

describe("cleanText", () => {
  it("leaves no character that could steer a terminal", () => {
    fc.assert(
      fc.property(nasty, fc.integer({ min: 1, max: 400 }), (text, max) => {
        expect([...cleanText(text, max)].filter(isDangerous)).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it("shows characters that are drawn as nothing, also those that Unicode has not assigned", () => {
    expect(cleanText("a\u{e0000}b\u2065c\u3164d", 80)).toBe(String.raw`a\u{e0000}b\u2065c\u3164d`);
  });

  it("is never longer than told", () => {
    fc.assert(
      fc.property(nasty, fc.integer({ min: 1, max: 50 }), (text, max) => {
        expect([...cleanText(text, max)].length).toBeLessThanOrEqual(max);
      }),
      { numRuns: 1000 },
    );
  });

  it("shows escapes as text", () => {
    expect(cleanText("\x1b[31mred\x07", 80)).toBe(String.raw`\x1b[31mred\x07`);
    expect(cleanText("a\u202eb\u2028c\u0085d\u{e0041}", 80)).toBe(
      String.raw`a\u202eb\u2028c\x85d\u{e0041}`,
    );
  });

  it("joins lines and trims", () => {
    expect(cleanText("  one\ntwo\r\nthree\tfour\n", 80)).toBe("one ⏎ two ⏎ three four");
    expect(cleanText("one\rtwo", 80)).toBe(String.raw`one\x0dtwo`);
  });

  it("leaves ordinary text of any script as it is", () => {
    for (const text of ["héllo wörld", "节点-1", "سلام", "𝒳🙂", 'a "b" \\ c']) {
      expect(cleanText(text, 80)).toBe(text);
    }
  });

  it("cuts with an ellipsis, never inside an escape", () => {
    expect(cleanText("abcdef", 6)).toBe("abcdef");
    expect(cleanText("abcdefg", 6)).toBe("abcde…");
    expect(cleanText("abc\x1bdef", 6)).toBe("abc…");
    expect(cleanText("🙂🙂🙂", 2)).toBe("🙂…");
  });

  it("is quick on a flood", () => {
    expect(cleanText("\x1b".repeat(20_000_000), 200)).toHaveLength(197);
  });
});
