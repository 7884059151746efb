import { expect, test } from "vitest";
import { suggest } from "../../../agent/util/suggest.ts";

const COMMANDS = ["push", "verify", "restore", "cleanup"];

test.each([
  ["psuh", "push"],
  ["pus", "push"],
  ["verfy", "verify"],
  ["verifiy", "verify"],
  ["clean-up", "cleanup"],
  ["retsore", "restore"],
])("%s was meant to be %s", (word, meant) => {
  expect(suggest(word, COMMANDS)).toBe(meant);
});

test.each(["", "delete", "x", "get"])("%j was meant to be none of them", (word) => {
  expect(suggest(word, COMMANDS)).toBeUndefined();
});
