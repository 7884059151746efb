import { expect, test } from "vitest";
import { normalizeArgv } from "../../../cli/options/normalize-argv.ts";
import type { OptionSpec } from "../../../cli/options/specs.ts";

const SPECS: readonly OptionSpec[] = [
  { name: "config", aliases: ["old-config"], value: "FILE", text: "" },
  { name: "output", short: "o", value: "FORMAT", text: "" },
  { name: "selector", short: "l", value: "LABELS", text: "" },
  { name: "verbose", short: "v", text: "" },
  { name: "quiet", short: "q", text: "" },
  { name: "dry", value: "MODE", bare: "client", text: "" },
];

test.each([
  [["--config", "-"], ["--config=-"]],
  [["--config=-"], ["--config=-"]],
  [["--old-config", "-"], ["--config=-"]],
  [["--old-config=-"], ["--config=-"]],
  [["--config", "--strange"], ["--config=--strange"]],
  [["--dry"], ["--dry=client"]],
  [
    ["--dry", "server"],
    ["--dry=client", "server"],
  ],
  [["--dry=server"], ["--dry=server"]],
  [["-o", "json"], ["--output=json"]],
  [["-ojson"], ["--output=json"]],
  [["-o=json"], ["--output=json"]],
  [["-la=b,c!=d"], ["--selector=a=b,c!=d"]],
  [["-l", "a=b"], ["--selector=a=b"]],
  [["-vq"], ["--verbose", "--quiet"]],
  [["-vojson"], ["--verbose", "--output=json"]],
  [["--verbose=false"], ["--verbose=false"]],
  [
    ["node-1", "-", "-v", "--", "-o", "--x"],
    ["node-1", "-", "--verbose", "--", "-o", "--x"],
  ],
])("%j becomes %j", (argv, normal) => {
  expect(normalizeArgv(argv, SPECS)).toEqual(normal);
});

test.each([
  [["--config"], "--config needs a value"],
  [["-o"], "-o needs a value"],
  [["-o", ""], "--output has an empty value"],
  [["--config="], "--config has an empty value"],
  [["--config", ""], "--config has an empty value"],
  [["--config", "--verbose"], "--config needs a value"],
  [["--config", "--old-config"], "--config needs a value"],
  [["--config", "--"], "--config needs a value"],
  [["--nothing"], "there is no option --nothing here"],
  [["-x"], "there is no option -x here"],
  [["-vx"], "there is no option -x here"],
  [["--verbose=perhaps"], "--verbose takes no value"],
  [["---verbose"], "there is no option ---verbose here"],
])("%j is refused", (argv, detail) => {
  expect(() => normalizeArgv(argv, SPECS)).toThrow(
    expect.objectContaining({ code: "PC001", detail }),
  );
});

test("a slip is answered with what was meant", () => {
  expect(() => normalizeArgv(["--confg", "x"], SPECS)).toThrow(
    expect.objectContaining({ fix: "did you mean --config?" }),
  );
});
