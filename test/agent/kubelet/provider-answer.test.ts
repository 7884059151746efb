import { expect, test } from "vitest";
import { composeAnswer, fitsAnswer } from "../../../agent/kubelet/provider-answer.ts";
import { readEntries } from "../../../agent/kubelet/read-entries.ts";
import { Secret } from "../../../agent/secret.ts";

const login = (key: string, pair: string | Buffer) => ({
  key,
  auth: new Secret(Buffer.from(pair).toString("base64")),
});

test("an answer file has user names and passwords alone, behind one constant beginning", () => {
  const logins = [login("a.example", 'u:p"\\:q'), login("b.example:5000/team", "ü:pä")];
  const text = Buffer.from(composeAnswer(logins)).toString();
  expect(text.startsWith('{"auths":{')).toBe(true);
  expect(JSON.parse(text)).toEqual({
    auths: {
      "a.example": { username: "u", password: 'p"\\:q' },
      "b.example:5000/team": { username: "ü", password: "pä" },
    },
  });
  const { faults, entries } = readEntries(text);
  expect(faults).toEqual([]);
  expect(entries.map(({ key, readable }) => [key, readable])).toEqual([
    ["a.example", true],
    ["b.example:5000/team", true],
  ]);
});

test("no logins are an answer as well", () => {
  expect(JSON.parse(Buffer.from(composeAnswer([])).toString())).toEqual({ auths: {} });
});

test("bytes that are no text fit no answer", () => {
  expect(fitsAnswer(login("k", "u:p").auth)).toBe(true);
  expect(fitsAnswer(login("k", Buffer.from([0x75, 0x3a, 0xff])).auth)).toBe(false);
  expect(fitsAnswer(login("k", "no colon").auth)).toBe(false);
});
