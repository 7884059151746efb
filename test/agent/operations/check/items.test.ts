import { expect, test } from "vitest";
import { describeCode } from "../../../../agent/errors.ts";
import { failedItem, warningItem } from "../../../../agent/operations/check/items.ts";

const SUBJECT = { group: "source", name: "config.json" } as const;

test("the code's title comes before the detail, once", () => {
  const { title } = describeCode("PC611");
  const said = `${title}: prefer robot accounts`;
  expect(warningItem(SUBJECT, { code: "PC611", detail: said }).message).toBe(said);
  expect(failedItem(SUBJECT, { code: "PC430", detail: "HTTP 401" }).message).toBe(
    "the registry does not take this credential: HTTP 401",
  );
  expect(failedItem(SUBJECT, { code: "PC430" }).message).toBe(describeCode("PC430").title);
});
