import { expect, test } from "vitest";
import { describeCode } from "../../../../agent/errors.ts";
import { failedItem, noticeItem } from "../../../../agent/operations/check/items.ts";

const SUBJECT = { group: "source", name: "config.json" } as const;

test("a finding's title comes before its detail, a notice says all by itself", () => {
  expect(failedItem(SUBJECT, { code: "PC430", detail: "HTTP 401" }).message).toBe(
    "the registry does not take this credential: HTTP 401",
  );
  const { title, fix } = describeCode("PC611");
  expect(failedItem(SUBJECT, { code: "PC611" }).message).toBe(title);
  const message = `${title}: prefer robot accounts`;
  expect(noticeItem(SUBJECT, { code: "PC611", message })).toEqual({
    ...SUBJECT,
    result: "warning",
    code: "PC611",
    message,
    fix,
  });
});
