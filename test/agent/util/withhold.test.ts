import { expect, test } from "vitest";
import { withholdSecrets } from "../../../agent/util/withhold.ts";

const SECRET = 'p"ss/wörd+1';

test.each([
  SECRET,
  Buffer.from(SECRET).toString("base64"),
  Buffer.from(SECRET).toString("base64url"),
  encodeURIComponent(SECRET),
  JSON.stringify({ password: SECRET }),
])("words that hold it as %s are left out as a whole", (form) => {
  expect(withholdSecrets(`no such login: ${form}!`, ["other", SECRET])).toBe(
    "(words left out: they hold a secret)",
  );
});

test("other words stay, whatever the secrets: even none, or an empty one", () => {
  expect(withholdSecrets("access denied", [SECRET, ""])).toBe("access denied");
  expect(withholdSecrets("access denied", [])).toBe("access denied");
});
