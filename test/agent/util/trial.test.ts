import { expect, test } from "vitest";
import { Trial } from "../../../agent/util/trial.ts";

/** How many of those that wait have got their turn by now. */
async function turnsOf(trial: Trial, count: number) {
  const got: number[] = [];
  const turns = Array.from({ length: count }, async (_, index) => {
    const turn = await trial.turn();
    got.push(index);
    return turn;
  });
  await new Promise(setImmediate);
  return { got, turns };
}

test("one at a time tries it, until somebody has taken it: then all do", async () => {
  const trial = new Trial();
  const { got, turns } = await turnsOf(trial, 4);
  expect(got).toEqual([0]);
  (await turns[0])?.leave();
  await new Promise(setImmediate);
  expect(got).toEqual([0, 1]);
  (await turns[1])?.taken();
  await Promise.all(turns);
  expect(got).toEqual([0, 1, 2, 3]);
  (await turns[2])?.refused("n2");
  expect(trial.refusedBy).toBeUndefined();
});

test("what the first refuses all others know; a turn decides once", async () => {
  const trial = new Trial();
  const { turns } = await turnsOf(trial, 2);
  const first = await turns[0];
  first?.refused("n0");
  first?.taken();
  await turns[1];
  expect(trial.refusedBy).toBe("n0");
});
