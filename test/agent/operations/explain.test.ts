import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { explain } from "../../../agent/operations/explain.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-explain-"));
});
afterAll(() => rm(dir, { recursive: true }));

const login = { username: "robot", password: "canary-17" };

/** A token as Amazon's are: base64 JSON with its end. */
const tokenUntil = (seconds: number) =>
  Buffer.from(JSON.stringify({ payload: "canary-19", expiration: seconds })).toString("base64");

const explainFiles = (image: string, files: readonly object[], except: string[] = []) =>
  explainDocuments(
    image,
    files.map((auths) => ({ auths })),
    except,
  );

async function explainDocuments(image: string, documents: readonly object[], except: string[]) {
  const inputs = await Promise.all(
    documents.map(async (document, at) => {
      const path = join(dir, `${at}.json`);
      await writeFile(path, JSON.stringify(document), { mode: 0o600 });
      return { type: "file", path } as const;
    }),
  );
  const explanation = await explain({
    image,
    kubectl: { program: "/no/such/kubectl" },
    source: { inputs, except, env: {}, homeDir: dir, readStdin: async () => new Uint8Array() },
    signal: new AbortController().signal,
  });
  expect(JSON.stringify(explanation)).not.toContain("canary");
  return explanation;
}

test("what push would send, each entry from its own file, with what is left out and why", async () => {
  const found = await explainFiles(
    "reg.io/team/app:1",
    [
      { "reg.io": login, "bad.io": { auth: "%%%" }, "other.io": login },
      { "reg.io/team": { username: "team", password: "canary-18" }, "left.io": login },
    ],
    ["left.io"],
  );
  const [first, second] = [join(dir, "0.json"), join(dir, "1.json")];
  expect(found).toMatchObject({
    kind: "Explanation",
    repository: "reg.io/team/app",
    result: "tried",
    source: { type: "push" },
    candidates: [
      { key: "reg.io/team", username: "team", source: second },
      { key: "reg.io", username: "robot", source: first },
    ],
    problems: [],
  });
  expect(found.ignored.map(({ key, source }) => [key, source])).toEqual([
    ["other.io", first],
    ["left.io", second],
    ["bad.io", first],
  ]);
});

test("an image that nothing serves says so, with the step that mends it", async () => {
  const found = await explainFiles("app", [{ "reg.io": login }]);
  expect(found).toMatchObject({
    repository: "docker.io/library/app",
    result: "none",
    candidates: [],
    problems: [{ code: "PC510", fix: "docker login; pullcast push" }],
  });
});

test("what is wrong with an entry of the image's registry is told, and of others it is not", async () => {
  const found = await explainFiles("app", [
    { "registry-1.docker.io": login, "reg.io:443": login, "https://x.io/v1": login },
  ]);
  expect(found.result).toBe("none");
  expect(found.problems.map(({ code, key }) => [code, key])).toEqual([
    ["PC510", undefined],
    ["PC656", "registry-1.docker.io"],
  ]);
});

test("what a push leaves out is a problem where it was meant for the image's registry", async () => {
  const sources = [{ "bad.io": { auth: "%%%" }, "worse.io": { auth: "%" }, "reg.io": login }];
  const found = await explainFiles("bad.io/app", sources);
  expect(found.problems.map(({ code, key }) => [code, key])).toEqual([
    ["PC510", undefined],
    ["PC610", "bad.io"],
  ]);
});

test("each candidate comes with its end, and one that has ended is a problem", async () => {
  const host = "1.dkr.ecr.eu-west-1.amazonaws.com";
  const found = await explainFiles(`${host}/app`, [
    {
      [host]: { username: "AWS", password: tokenUntil(1_600_000_000) },
      "*.dkr.ecr.eu-west-1.amazonaws.com": { username: "AWS", password: tokenUntil(4_000_000_000) },
    },
  ]);
  expect(found.candidates.map(({ expiresAt }) => expiresAt)).toEqual([
    "2020-09-13T12:26:40.000Z",
    "2096-10-02T07:06:40.000Z",
  ]);
  expect(found.problems).toMatchObject([{ code: "PC670", severity: "error", key: host }]);
});

test("what is no image is refused before anything is read", async () => {
  await expect(explainFiles("Reg.io/APP", [])).rejects.toMatchObject({ code: "PC701" });
});

test("a helper that fails for another registry is told, and the image explained all the same", async () => {
  const found = await explainDocuments(
    "reg.io/app",
    [{ auths: { "reg.io": login }, credHelpers: { "other.io": "absent-canopy" } }],
    [],
  );
  expect(found).toMatchObject({
    result: "tried",
    candidates: [{ key: "reg.io" }],
    ignored: [{ key: "other.io", why: expect.stringContaining("docker-credential-absent-canopy") }],
    problems: [{ code: "PC620", severity: "error", key: "other.io" }],
  });
});
