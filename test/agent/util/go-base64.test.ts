import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeGoBase64 } from "../../../agent/util/go-base64.ts";

test("decodes what was encoded, padded or not, with line breaks anywhere", () => {
  const property = fc.property(fc.uint8Array(), fc.nat(), (bytes, at) => {
    const text = Buffer.from(bytes).toString("base64");
    const broken = `${text.slice(0, at % 70)}\r\n${text.slice(at % 70)}\n`;
    for (const form of [text, text.replace(/=+$/, ""), broken]) {
      expect(decodeGoBase64(form)).toEqual(Buffer.from(bytes));
    }
  });
  fc.assert(property);
});

test.each(["a", "abc==", "ab=c", "ab-_", " abcd", "=", "====", "ab="])(
  "%j is no base64",
  (text) => {
    expect(decodeGoBase64(text)).toBeUndefined();
  },
);
