import { lookup } from "node:dns/promises";
import { expect, test } from "vitest";
import { errorWords } from "../../../agent/registry/words.ts";

test("a name that can't be resolved is told as such, not as a system call", async () => {
  const error: unknown = await lookup("registry.invalid").catch((cause: unknown) => cause);
  expect(errorWords(error)).toBe("the name registry.invalid can't be resolved here");
  expect(errorWords(new Error("connect ECONNREFUSED 127.0.0.1:1"))).toBe(
    "connect ECONNREFUSED 127.0.0.1:1",
  );
});
