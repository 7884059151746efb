import { expect, test } from "vitest";
import { confirmPlaces } from "../../cli/confirm-places.ts";
import type { Host } from "../../cli/host.ts";

const NAMES = Array.from({ length: 12 }, (_, index) => `node-${index + 1}`);
const places = { source: "/root/.docker/config.json", what: "nodes", names: NAMES };

function hostThat(answer: string | undefined) {
  const written: string[] = [];
  const asked: string[] = [];
  const ask = async (question: string) => {
    asked.push(question);
    return answer ?? "";
  };
  const stderr = { write: (text: string) => written.push(text) };
  const host = { stderr, ...(answer === undefined ? {} : { ask }) } as unknown as Host;
  return { context: { host, signal: new AbortController().signal }, written, asked };
}

test("the places are told, and only a yes is one", async () => {
  const { context, written, asked } = hostThat("y");
  expect(await confirmPlaces(context, places)).toBe(true);
  expect(written.join("")).toBe("Credentials /root/.docker/config.json; nodes node-[1-12]\n");
  expect(asked).toEqual(["Apply to these 12 nodes? [y/N] "]);
  expect(await confirmPlaces(hostThat("").context, places)).toBe(false);
});

test("nobody is asked where there is no terminal: it is refused", async () => {
  await expect(confirmPlaces(hostThat(undefined).context, places)).rejects.toMatchObject({
    code: "PC638",
    message: expect.stringContaining("would go to 12 nodes"),
  });
});
