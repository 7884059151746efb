import { expect, test } from "vitest";
import type { FoundFile, NodeSurvey, SurveyFile } from "../../../../agent/node/read-survey.ts";
import { findOnNode } from "../../../../agent/operations/explain/from-node.ts";
import { Secret } from "../../../../agent/secret.ts";

const NOW = 100_000;
const QUESTION = { image: "reg.io/app", repository: "reg.io/app" };
const GOOD = '{"auths":{"reg.io":{"username":"u","password":"canary-1"}}}';
const VOID = '{"auths":{"x.io":{"auth":"%%%"}}}';

/** A file that changed `age` seconds ago, in a directory that did `folderAge` seconds ago. */
function file(
  path: string,
  content?: string | Partial<FoundFile>,
  { age = 9000, folderAge = 9000 } = {},
): SurveyFile {
  const facts =
    typeof content === "string" ? { content: new Secret(Buffer.from(content)) } : content;
  return {
    kind: path.endsWith("cfg") ? "legacy" : "json",
    path,
    folderChangedAt: NOW - folderAge,
    dangling: false,
    ...(facts === undefined
      ? {}
      : {
          found: {
            ...{ type: "file", mode: 0o600, uid: 0, gid: 0, sizeBytes: 10, modifiedAt: 0 },
            changedAt: NOW - age,
            ...facts,
          },
        }),
  };
}

function find(files: readonly SurveyFile[], more: Partial<NodeSurvey> = {}) {
  return findOnNode(
    {
      ...{ rootDir: "/a", rootProof: "proven", now: NOW, cwd: "/", home: "/", flags: {} },
      kubelet: { pid: 7, startedAt: NOW - 50_000, name: "kubelet", unit: "k.service" },
      ...{ files, runtime: [], images: [], log: [] },
      ...more,
    },
    QUESTION,
  );
}
const codes = (found: ReturnType<typeof find>) => found.problems.map(({ code }) => code);
const late = (found: ReturnType<typeof find>) => found.inForceFrom - NOW;

test("one place that hides nothing of use is told, and is no problem", () => {
  const other = '{"auths":{"other.io":{"auth":"dTpw"}}}';
  const found = find([file("/a/config.json", GOOD), file("/b/config.json", other)]);
  expect(found.used).toBe("/a/config.json");
  expect(found.places.map(({ status }) => status)).toEqual(["used", "hidden"]);
  expect(codes(found)).toEqual([]);
});

test("what can't be read, is void, or blocks is a problem of its own, with the step that mends it", () => {
  const found = find([
    file("/a/config.json", { type: "directory" }),
    file("/b/config.json", VOID),
    file("/c/config.json", { sizeBytes: 2_000_000 }),
    file("/d/config.json", { type: "fifo" }),
  ]);
  expect(codes(found)).toEqual(["PC511", "PC511", "PC521", "PC522"]);
  expect(found.problems[1]?.message).toContain('/b/config.json: entry "x.io"');
  expect(found.problems[3]?.fix).toContain("rm /d/config.json");
  expect(found.fails).toBe(true);
});

test("a void file beside one that counts is a warning only", () => {
  const found = find([file("/a/config.json", VOID), file("/b/config.json", GOOD)]);
  expect(found.problems).toMatchObject([{ code: "PC511", severity: "warning" }]);
});

test.each<[string, readonly SurveyFile[], number]>([
  ["nothing changed lately", [file("/a/config.json", GOOD)], 0],
  ["the file that counts is new", [file("/a/config.json", GOOD, { age: 100 })], 200],
  [
    "one before it was removed a moment ago",
    [file("/a/config.json", undefined, { folderAge: 20 }), file("/b/config.json", GOOD)],
    280,
  ],
  [
    "one before it was broken a moment ago",
    [file("/a/config.json", VOID, { age: 40 }), file("/b/config.json", GOOD)],
    260,
  ],
  [
    "one after it changed, which does not matter",
    [file("/a/config.json", GOOD), file("/b/config.json", GOOD, { age: 1, folderAge: 1 })],
    0,
  ],
  [
    "its directory changed, which does not matter either",
    [file("/a/config.json", GOOD, { folderAge: 1 })],
    0,
  ],
  [
    "none counts, and the last one went a moment ago",
    [file("/a/config.json"), file("/b/.dockercfg", undefined, { folderAge: 10 })],
    290,
  ],
])("in force: %s", (_title, files, seconds) => {
  const found = find(files);
  expect(late(found)).toBe(seconds);
  expect(codes(found).includes("PC513")).toBe(seconds > 0);
});

test("the kubelet's own word for its last reading decides", () => {
  const log = [
    { at: NOW - 30, pid: 7, text: "I provider.go:82] Refreshing cache for provider: *x" },
  ];
  const files = [file("/a/config.json", GOOD, { age: 100 })];
  const found = find(files, { log });
  expect([late(found), found.lastReading]).toEqual([0, NOW - 30]);
  const newer = find([file("/a/config.json", GOOD, { age: 10 })], { log });
  expect(late(newer)).toBe(270);
  expect(newer.problems[0]?.fix).toContain("systemctl restart k.service");
});

test("a node without a proven kubelet has everything in force: whatever starts will read it", () => {
  const files = [file("/a/config.json", GOOD, { age: 1 })];
  const found = findOnNode(
    {
      ...{ rootDir: "/a", rootProof: "assumed", now: NOW, cwd: "/", home: "/", flags: {} },
      ...{ files, runtime: [], images: [], log: [] },
    },
    QUESTION,
  );
  expect(late(found)).toBe(0);
  expect(codes(found)).toEqual(["PC321"]);
});

test("a login in a key is shown nowhere, though it serves as the kubelet reads it", () => {
  const login = (host: string, auth: object) =>
    JSON.stringify({
      auths: { [`https://robot:canary${host === "other.io" ? "/2" : ""}@${host}`]: auth },
    });
  const auth = { username: "u", password: "p" };
  const files = [
    file("/a/config.json", login("x.io", { auth: "%%%" })),
    file("/b/config.json", login("other.io", auth)),
    file("/c/config.json", login("reg.io", auth)),
  ];
  for (const places of [files, files.slice(2)]) {
    const found = find(places);
    // The login itself is taken away before anything is shown.
    const candidates = found.candidates.map(({ login: _login, ...shown }) => shown);
    const shown = JSON.stringify({ ...found, candidates });
    expect(shown).not.toContain("canary");
    expect(shown).toContain(places.length === 1 ? '"key":"reg.io"' : '"key":"other.io"');
  }
});

test("nothing of a finding shows a password when it is printed", () => {
  const found = find([file("/a/config.json", GOOD), file("/b/config.json", GOOD)]);
  expect(JSON.stringify(found)).not.toContain("canary-1");
  expect(found.candidates).toMatchObject([
    { key: "reg.io", username: "u", source: "/a/config.json" },
  ]);
});
