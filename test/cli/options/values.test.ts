import { expect, test } from "vitest";
import {
  expandHome,
  parseAbsolutePath,
  parseDuration,
  parseInteger,
} from "../../../cli/options/values.ts";

test.each([
  ["90s", 90_000],
  ["2m", 120_000],
  ["1h30m", 5_400_000],
  ["500ms", 500],
  ["1.5s", 1500],
  ["1m0.5s", 60_500],
  ["24h", 86_400_000],
])("%s is %i ms", (text, ms) => {
  expect(parseDuration("timeout", text)).toBe(ms);
});

test.each([
  "",
  "10",
  "0",
  "0s",
  "0.1ms",
  "-5s",
  "+5s",
  "1h30",
  "1 m",
  "1d",
  "s",
  "1e3s",
  "25h",
  "99999999999999999999h",
  "∞",
  "NaNs",
  "5s\n",
])("%j is no duration", (text) => {
  expect(() => parseDuration("node-timeout", text)).toThrow(
    expect.objectContaining({ code: "PC001", detail: expect.stringMatching(/^--node-timeout: /) }),
  );
});

test.each(["0", "-1", "1001", "1e9", "NaN", "", "1.5", " 1", "0x10", "99999999999"])(
  "%j is no number from 1 to 1000",
  (text) => {
    expect(() => parseInteger("concurrency", text, { min: 1, max: 1000 })).toThrow(
      expect.objectContaining({ code: "PC001", detail: expect.stringMatching(/^--concurrency: /) }),
    );
  },
);

test("both bounds are in", () => {
  expect(parseInteger("n", "1", { min: 1, max: 1000 })).toBe(1);
  expect(parseInteger("n", "1000", { min: 1, max: 1000 })).toBe(1000);
});

test("a leading ~/ is opened, all else stays", () => {
  expect(expandHome("~/k", "/home/u")).toBe("/home/u/k");
  expect(expandHome("~other/k", "/home/u")).toBe("~other/k");
  expect(expandHome("a/~/k", "/home/u")).toBe("a/~/k");
});

test("a path on a node is absolute and plain", () => {
  expect(parseAbsolutePath("path", "/var/lib/kubelet")).toBe("/var/lib/kubelet");
  for (const path of ["var/lib", "", "/var/../etc", "/./x", "~/x"]) {
    expect(() => parseAbsolutePath("path", path)).toThrow(/--path: /);
  }
});
