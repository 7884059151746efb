import fc from "fast-check";
import { expect, test } from "vitest";
import { matchesGlob } from "../../../agent/kubelet/glob.ts";
import { toByteText } from "../../../agent/kubelet/utf8.ts";

/** What Go's documentation of path/filepath says; no key of today's kubelets can hold ?, ^ or \. */
test.each([
  ["reg", "reg", true],
  ["reg", "Reg", false],
  ["", "", true],
  ["*", "", true],
  ["r*g", "rg", true],
  ["r*g*x", "rgagxgx", true],
  ["r*g", "rga", false],
  ["re?", "reg", true],
  ["re?", "re", false],
  ["re[a-gx]", "reg", true],
  ["re[x-z]", "reg", false],
  ["re[^0-9]", "reg", true],
  ["re[^a-z]", "reg", false],
  ["re[\\]g]", "re]", true],
  ["re[\\^g]", "re^", true],
  ["re\\*", "re*", true],
  ["re\\*", "reg", false],
  ["re[é-ëg]", "reg", true],
  ["re[", "re", false],
  ["re[]", "re]", false],
  ["re[]g]", "reg", false],
  ["re[g", "reg", false],
  ["re[-g]", "reg", false],
  ["re[g-]", "reg", false],
  ["re\\", "re\\", false],
])("%j matches %j: %s", (pattern, name, matched) => {
  expect(matchesGlob(toByteText(pattern), name)).toBe(matched);
});

test("stars alone match what a regular expression of them matches", () => {
  const letters = fc.stringMatching(/^[ab]{0,12}$/);
  fc.assert(
    fc.property(fc.stringMatching(/^[ab*]{0,10}$/), letters, (pattern, name) => {
      const same = new RegExp(`^${pattern.replaceAll(/\*+/g, ".*")}$`).test(name);
      expect(matchesGlob(pattern, name)).toBe(same);
    }),
  );
});

test("a hostile pattern costs no time", () => {
  expect(matchesGlob(`${"*a".repeat(2000)}b`, "a".repeat(5000))).toBe(false);
});
