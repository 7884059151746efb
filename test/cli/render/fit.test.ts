import fc from "fast-check";
import { expect, test } from "vitest";
import { cutMiddle, withoutRuntimePrefix } from "../../../cli/render/fit.ts";

test("a cut text has the width asked for, begins and ends as the whole one", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 60 }), (text, width) => {
      const cut = cutMiddle(text, width);
      if ([...text].length <= width) expect(cut).toBe(text);
      else {
        expect([...cut]).toHaveLength(width);
        const [head = "", tail = ""] = cut.split(/…(?=[^…]*$)/u);
        expect(text.startsWith(head) || text.includes("…")).toBe(true);
        expect(text.endsWith(tail)).toBe(true);
      }
    }),
  );
});

test.each([
  [
    'failed to pull and unpack image "r.io/a:1": failed to resolve reference "r.io/a:1": r.io/a:1: not found',
    "r.io/a:1: not found",
  ],
  [
    'rpc error: code = Unknown desc = failed to pull and unpack image "r.io/a:1": failed to copy: httpReadSeeker: EOF',
    "failed to copy: httpReadSeeker: EOF",
  ],
  ["rpc error: code = NotFound desc = manifest unknown", "manifest unknown"],
  ["401 Unauthorized", "401 Unauthorized"],
])("%s", (words, cause) => {
  expect(withoutRuntimePrefix(words)).toBe(cause);
  expect(withoutRuntimePrefix(`the registry denied the pull: ${words}`)).toBe(
    `the registry denied the pull: ${cause}`,
  );
});
