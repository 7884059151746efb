import fc from "fast-check";
import { expect, test } from "vitest";
import {
  formatReference,
  isLatest,
  parseReference,
  withDigest,
} from "../../../agent/registry/reference.ts";

const SHA = `sha256:${"a".repeat(64)}`;

/** Verdicts of distribution/reference v0.6's ParseNormalizedNamed. */
test.each([
  ["app", "docker.io/library/app"],
  ["app:1", "docker.io/library/app:1"],
  ["team/app", "docker.io/team/app"],
  ["docker.io/app", "docker.io/library/app"],
  ["index.docker.io/team/app", "docker.io/team/app"],
  ["localhost/app", "localhost/app"],
  ["localhost:5000/app:v1", "localhost:5000/app:v1"],
  ["reg.example/app", "reg.example/app"],
  ["reg.example:5000/a/b/c:tag", "reg.example:5000/a/b/c:tag"],
  ["REG/app", "REG/app"],
  ["[2001:db8::1]:5000/app", "[2001:db8::1]:5000/app"],
  [`app@${SHA}`, `docker.io/library/app@${SHA}`],
  [`reg.example/app:1@${SHA}`, `reg.example/app:1@${SHA}`],
  ["a__b/c.d-e---f", "docker.io/a__b/c.d-e---f"],
  ["re_g.example/app", "re_g.example/app"],
  ["app:5000", "docker.io/library/app:5000"],
  [`reg.example/${"a".repeat(255)}`, `reg.example/${"a".repeat(255)}`],
])("%s is %s", (text, full) => {
  expect(formatReference(parseReference(text))).toBe(full);
});

test.each([
  "",
  ":1",
  "/app",
  "app/",
  "a//b",
  "App",
  "team/App",
  "-x",
  "app:",
  "app:-1",
  `app:${"t".repeat(129)}`,
  "app@sha256:abc",
  `app@${SHA}a`,
  `app@${SHA.toUpperCase()}`,
  `app@md5:${"a".repeat(32)}`,
  `app@${SHA}@${SHA}`,
  "a".repeat(64),
  "https://reg.example/app",
  "reg.example:port/app",
  "-oProxyCommand=x/app",
  "app 1",
  "app\n",
  "$(id)",
  "a___b",
  "a..b/c",
  ".a/b",
  "é",
  "\u001b[31m",
  `reg.example/${"a".repeat(256)}`,
  `re_g.example/${"a".repeat(243)}`,
  "re_g.example:5000/app",
])("%j is refused", (text) => {
  expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: "PC701" }));
});

test("what was accepted has one full form, and holds nothing but the grammar's characters", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-zA-Z0-9.:\-_/@[\] $\n]{1,40}$/), (text) => {
      let full: string;
      try {
        full = formatReference(parseReference(text));
      } catch {
        return;
      }
      expect(full).toMatch(/^[a-zA-Z0-9.:\-_/@[\]]+$/);
      expect(formatReference(parseReference(full))).toBe(full);
    }),
    { numRuns: 2000 },
  );
});

test("a hostile text costs no time", () => {
  expect(() => parseReference(`${"a-".repeat(300)}!`)).toThrow();
  expect(() => parseReference(`${"a-".repeat(1e6)}/app`)).toThrow();
  expect(() => parseReference(`${"a-".repeat(1e6)}.x!/app`)).toThrow();
});

test("a digest replaces the tag; latest is latest, said or not", () => {
  expect(formatReference(withDigest(parseReference("reg.example/app:1"), SHA))).toBe(
    `reg.example/app@${SHA}`,
  );
  expect(isLatest(parseReference("app"))).toBe(true);
  expect(isLatest(parseReference("app:latest"))).toBe(true);
  expect(isLatest(parseReference("app:1"))).toBe(false);
  expect(isLatest(parseReference(`app@${SHA}`))).toBe(false);
});
