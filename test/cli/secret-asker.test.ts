import { expect, test } from "vitest";
import { Secret } from "../../agent/index.ts";
import { secretAsker } from "../../cli/secret-asker.ts";

const NEVER = new AbortController().signal;

/** Keeps questions open until they are answered by hand. */
function heldAsker() {
  const said: string[] = [];
  const open: ((answer: Secret | undefined) => void)[] = [];
  const ask = secretAsker(
    async (question) => {
      said.push(question);
      return await new Promise((resolve) => open.push(resolve));
    },
    () => {
      said.push("quiet");
      return () => said.push("loud");
    },
  );
  return { said, ask, answer: (text: string) => open.shift()?.(new Secret(text)) };
}

test("a question that many ask is put once, and all get the answer", async () => {
  const { said, ask, answer } = heldAsker();
  const asked = Array.from({ length: 20 }, () => ask("password: ", NEVER));
  await expect.poll(() => said).toEqual(["quiet", "password: "]);
  answer("sesame");
  expect((await Promise.all(asked)).map((secret) => secret?.reveal())).toEqual(
    Array(20).fill("sesame"),
  );
  expect((await ask("password: ", NEVER))?.reveal()).toBe("sesame");
  expect(said).toEqual(["quiet", "password: ", "loud"]);
});

test("a second question waits until the first is answered", async () => {
  const { said, ask, answer } = heldAsker();
  const [first, second] = [ask("first: ", NEVER), ask("second: ", NEVER)];
  await expect.poll(() => said).toContain("first: ");
  expect(said).not.toContain("second: ");
  answer("one");
  await expect.poll(() => said).toContain("second: ");
  answer("two");
  expect([(await first)?.reveal(), (await second)?.reveal()]).toEqual(["one", "two"]);
});

test("progress comes back after a question that was not answered", async () => {
  let pauses = 0;
  const ask = secretAsker(
    async () => {
      throw new Error("interrupted");
    },
    () => {
      pauses += 1;
      return () => {
        pauses -= 1;
      };
    },
  );
  await expect(ask("password: ", NEVER)).rejects.toThrow("interrupted");
  expect(pauses).toBe(0);
});
