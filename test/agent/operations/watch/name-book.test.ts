import { expect, test } from "vitest";
import { NameBook, type NameTask } from "../../../../agent/operations/watch/name-book.ts";

const names = (tasks: readonly NameTask[]) =>
  tasks.map(({ name, isNew }) => (isNew ? `${name} new` : name));
const book = () => new NameBook(60_000, () => 0.5);

test("what is there is due once, what comes later is new until it is served", () => {
  const one = book();
  expect(one.list(["a"], 0)).toEqual([]);
  one.put("b", 1);
  expect(names(one.take(1))).toEqual(["a", "b new"]);
  expect(one.take(1)).toEqual([]);
  one.settle("a", true, 2);
  one.settle("b", false, 2);
  expect(one.nextDueAt()).toBe(2 + 1500);
  expect(names(one.take(1502))).toEqual(["b new"]);
  one.settle("b", true, 1502);
  expect(one.nextDueAt()).toBe(2 + 60_000);
});

test("what happens while it is worked on makes it due again", () => {
  const one = book();
  one.list(["a"], 0);
  one.take(0);
  one.stirAll(1);
  expect(one.take(1)).toEqual([]);
  one.settle("a", true, 2);
  expect(names(one.take(2))).toEqual(["a"]);
});

test("what is gone is forgotten, and what a list does not have is gone", () => {
  const one = book();
  one.list(["a", "b", "c"], 0);
  expect(one.gone("a")).toBe(true);
  expect(one.gone("a")).toBe(false);
  expect(one.list(["c"], 1)).toEqual(["b"]);
  one.settle("b", true, 2);
  one.stir("b", 2);
  expect(names(one.take(9))).toEqual(["c"]);
  expect(one.size).toBe(1);
});
