import fc from "fast-check";
import { expect, test } from "vitest";
import { foldNames } from "../../../cli/render/fold-names.ts";

const range = (from: number, to: number, name: (number: number) => string) =>
  Array.from({ length: to - from + 1 }, (_, at) => name(from + at));
const padded = (number: number) => `node-${String(number).padStart(2, "0")}`;

/** The names that a folded list stands for. */
function unfold(folded: readonly string[]): string[] {
  return folded.flatMap((text) => {
    const [, prefix, ranges, suffix] = /^(.*)\[([\d,-]+)\](.*)$/s.exec(text) ?? [];
    if (ranges === undefined) return [text];
    return ranges.split(",").flatMap((part) => {
      const [first = "", last = first] = part.split("-");
      const width = first.startsWith("0") ? first.length : 1;
      return range(Number(first), Number(last), (n) => {
        return `${prefix}${String(n).padStart(width, "0")}${suffix}`;
      });
    });
  });
}

test.each([
  [[...range(1, 17, padded), "node-20"], ["node-[01-17,20]"]],
  [range(8, 11, (n) => `n${n}`), ["n[8-11]"]],
  [
    ["b", "a-1", "c", "a-2"],
    ["b", "a-[1-2]", "c"],
  ],
  [["ip-10-0-4-11.ec2.internal", "ip-10-0-4-12.ec2.internal"], ["ip-10-0-4-[11-12].ec2.internal"]],
  [
    ["n7", "n07"],
    ["n7", "n07"],
  ],
  [
    ["n7", "n8", "n07", "n08"],
    ["n[7-8]", "n[07-08]"],
  ],
  [
    ["pool-1-a", "pool-2-a", "pool-2-b"],
    ["pool-[1-2]-a", "pool-2-b"],
  ],
  [
    ["gke-x-3f9a1b2c-k1zq", "gke-x-3f9a1b2c-p9wd"],
    ["gke-x-3f9a1b2c-k1zq", "gke-x-3f9a1b2c-p9wd"],
  ],
  [["a", "a"], ["a"]],
  [["n1", "n1", "n2"], ["n[1-2]"]],
  [
    ["x99999999999999999999", "x99999999999999999998"],
    ["x99999999999999999999", "x99999999999999999998"],
  ],
  [[], []],
  [
    ["__proto__", "constructor"],
    ["__proto__", "constructor"],
  ],
])("%j is %j", (names, folded) => {
  expect(foldNames(names)).toEqual(folded);
});

test("no name is lost, none is made up", () => {
  const name = fc
    .array(fc.oneof(fc.constantFrom("n", "-", "a", "."), fc.stringMatching(/^\d{1,3}$/)), {
      minLength: 1,
      maxLength: 5,
    })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.array(name, { maxLength: 40 }), (names) => {
      expect(unfold(foldNames(names)).sort()).toEqual([...new Set(names)].sort());
    }),
    { numRuns: 2000 },
  );
});
