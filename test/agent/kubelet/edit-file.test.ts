import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editFile } from "../../../agent/kubelet/edit-file.ts";
import { readEntries } from "../../../agent/kubelet/read-entries.ts";
import { Secret } from "../../../agent/secret.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const AUTH = base64("robot:new");
const set = (...keys: string[]) => new Map(keys.map((key) => [key, new Secret(AUTH)]));
const edit = (text: string, more: Partial<Parameters<typeof editFile>[1]> = {}) =>
  editFile(Buffer.from(text), { remove: new Set(), set: new Map(), ...more }).toString();

describe("an edit", () => {
  test.each<[string, string, Parameters<typeof edit>[1], string]>([
    [
      "adds in the file's own hand",
      '{\n  "auths": {\n    "a": {"auth": "YTpi"}\n  }\n}\n',
      { set: set("b") },
      `{\n  "auths": {\n    "a": {"auth": "YTpi"},\n    "b": {\n      "auth": "${AUTH}"\n    }\n  }\n}\n`,
    ],
    [
      "adds to a file on one line",
      '{"auths":{"a":{"auth":"YTpi"}},"x":1}',
      { set: set("b") },
      `{"auths":{"a":{"auth":"YTpi"},"b": {"auth": "${AUTH}"}},"x":1}`,
    ],
    [
      "puts a login in the place of another",
      '{"auths":{"a":{"auth":"YTpi","email":"e"},"c":{}}}',
      { set: set("a") },
      `{"auths":{"a":{"auth": "${AUTH}"},"c":{}}}`,
    ],
    [
      "removes the first, a middle and the last",
      '{"auths":{ "a" : {}, "b":{}  ,\n"c":{}, "d":{} , "e":{} }}',
      { remove: new Set(["a", "c", "e"]) },
      '{"auths":{ "b":{}, "d":{} }}',
    ],
    ["removes all", '{"auths":{"a":{},"b":{}}}', { remove: new Set(["a", "b"]) }, '{"auths":{}}'],
    [
      "makes a first list",
      '{\n  "HttpHeaders": {"a": "b"}\n}',
      { set: set("b") },
      `{\n\t"auths": {\n\t\t"b": {\n\t\t\t"auth": "${AUTH}"\n\t\t}\n\t},\n  "HttpHeaders": {"a": "b"}\n}`,
    ],
    [
      "takes a key that stands twice for one",
      '{"auths":{"a":{},"b":{}},"AUTHS":{"a":{"auth":"YTpi"}}}',
      { set: set("a") },
      `{"auths":{"a":{"auth": "${AUTH}"},"b":{}},"AUTHS":{}}`,
    ],
    [
      "drops one of two with the same key",
      '{"auths":{"a":7,"a":{"auth":"YTpi"}}}',
      { drop: new Set([0]) },
      '{"auths":{"a":{"auth":"YTpi"}}}',
    ],
    ["changes nothing", ' {"auths" : null , "auths":{}}\n', {}, ' {"auths" : null , "auths":{}}\n'],
  ])("%s", (...[, before, change, after]) => {
    expect(edit(before, change)).toBe(after);
  });

  test("finds a key however it is written", () => {
    const text = '{"auths":{"\\u00e9.example\\/x":{"auth":"YTpi"},"é":{}}}';
    expect(edit(text, { remove: new Set(["é.example/x"]) })).toBe('{"auths":{"é":{}}}');
  });

  test("fills an empty file", () => {
    for (const text of ["{}", "{ }", '{"auths":{}}', '{"auths":null}', "{\n}\n"]) {
      const read = readEntries(edit(text, { set: set("a", "b") }));
      expect(read.faults).toEqual([]);
      expect(read.entries.map(({ key }) => key)).toEqual(["a", "b"]);
    }
  });
});

const blank = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const key = fc.oneof(
  fc.constantFrom("a.example", "b.example/team", "é", '"', "__proto__", "", "\u2028"),
  fc.string({ unit: "grapheme", maxLength: 6 }),
);

/** A JSON string, some of its characters escaped without need. */
const written = (text: string, escaped: boolean) =>
  escaped
    ? `"${Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")}"`
    : JSON.stringify(text);

const member = fc
  .record({
    key,
    escaped: fc.boolean(),
    pass: fc.string(),
    gaps: fc.array(blank, { minLength: 5, maxLength: 5 }),
  })
  .map(({ key: name, escaped, pass, gaps: [a, b, c, d, e] }) => {
    const value = `{${c}"auth"${d}:"${base64(`u:${pass}`)}"${e}, "email":"é"}`;
    return { key: name, text: `${written(name, escaped)}${a}:${b}${value}` };
  });

const file = fc
  .record({
    members: fc.uniqueArray(member, { selector: (one) => one.key, maxLength: 8 }),
    gaps: fc.array(blank, { minLength: 20, maxLength: 20 }),
    before: fc.constantFrom("", '"credsStore":"x",', '"HttpHeaders" : {"a":"}"} ,'),
    after: fc.constantFrom("", ', "x": [1, {"auths": {"a.example": 1}}]', ',"y":"\\"auths\\":{"'),
  })
  .map(({ members, gaps, before, after }) => {
    const list = members.map(({ text }, at) => `${gaps[2 * at]}${text}${gaps[2 * at + 1]}`);
    const text = `${gaps[18]}{${before}"auths":{${list.join(",")}${gaps[19]}}${after}}${gaps[17]}`;
    return { members, text, before, after };
  });

test("what is not edited stays byte for byte, in 1,000 files of any form", () => {
  let edited = 0;
  fc.assert(
    fc.property(
      file,
      fc.record({
        removed: fc.array(fc.nat(7), { maxLength: 3 }),
        replaced: fc.array(fc.nat(7), { maxLength: 3 }),
        added: fc.uniqueArray(fc.string({ minLength: 9, maxLength: 12 }), { maxLength: 3 }),
      }),
      ({ members, text, before, after }, { removed, replaced, added }) => {
        const keys = members.map((one) => one.key);
        const gone = new Set(removed.flatMap((at) => keys.at(at) ?? []));
        const wanted = [...replaced.flatMap((at) => keys.at(at) ?? []), ...added].filter(
          (name) => !gone.has(name),
        );
        const result = edit(text, { remove: gone, set: set(...wanted) });
        const read = readEntries(result);
        expect(read.faults).toEqual([]);
        expect(new Set(read.entries.map((one) => one.key))).toEqual(
          new Set([...keys.filter((name) => !gone.has(name)), ...wanted]),
        );
        for (const entry of read.entries) {
          if (wanted.includes(entry.key)) {
            expect(entry.readable && entry.auth.reveal()).toBe(AUTH);
          }
        }
        let at = 0;
        for (const { key: name, text: own } of members) {
          if (gone.has(name) || wanted.includes(name)) continue;
          at = result.indexOf(own, at);
          expect(at).toBeGreaterThanOrEqual(0);
          at += own.length;
        }
        expect(result.startsWith(text.slice(0, text.indexOf("{") + 1 + before.length))).toBe(true);
        expect(result).toContain(`}${after}}`);
        if (gone.size + wanted.length === 0) expect(result).toBe(text);
        else edited += 1;
      },
    ),
    { numRuns: 1000 },
  );
  expect(edited).toBeGreaterThan(500);
});
