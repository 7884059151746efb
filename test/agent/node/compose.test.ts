import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { composeInstall, composeRestart } from "../../../agent/node/compose.ts";
import { PROGRAM_NAMES, programText } from "../../../agent/node/programs.ts";
import { formatStory, parseStory } from "../../../agent/node/story.ts";
import { configOf, nodeConfig, request } from "./request.ts";
import { takeApart } from "./shells.ts";

const canary = "canary-4711";
const config = nodeConfig(configOf(canary));

test.each(PROGRAM_NAMES.map((name) => [name, programText(name)] as const))(
  "program %s is ASCII without a newline at its end",
  (_name, text) => {
    expect(text).toMatch(/^[\n\x20-\x7e]+[\x21-\x7e]$/);
  },
);

test("nothing user-made is in a program, and nothing secret outside the payload", () => {
  const ids = { machineId: "x y\nz", systemUuid: "x y\nz" };
  const program = composeInstall({ ...request("/data/kubelet/"), ...ids, config });
  const parts = takeApart(program);
  expect(parts.program).toBe(programText("install"));
  expect(parts.header).toMatch(
    /^[0-9a-f]{32} install \/data\/kubelet \d+ [0-9a-f]{64} no 20260101T000000Z-0001 malformed - any yes 20251003 -\n$/,
  );
  expect(Buffer.from(parts.payload)).toEqual(configOf(canary));
  expect(inspect(program, { depth: 9 }) + JSON.stringify(program)).not.toContain(canary);
});

test("a story travels in the header as one line of ASCII, whatever is in its names", () => {
  const story = formatStory({
    run: "20260101T000000Z-0001",
    at: "2026-01-01T00:00:00.000Z",
    operation: "push",
    operator: "zoë@b\nx",
    source: "\u2028 ' $(x) \\",
    manager: "m",
    entries: [{ key: "é.example", mark: "0", managers: ["m"], expiresAt: "never" }],
  });
  const { header } = takeApart(composeInstall({ ...request("/x"), config, story }));
  expect(header).toMatch(/^[ -~]+\n$/);
  expect(header.endsWith(` ${story}\n`)).toBe(true);
  expect(parseStory(story)).toMatchObject({
    operator: expect.stringContaining("zoë@b"),
    entries: [{ key: "é.example", managers: ["m"] }],
  });
});

describe("a directory", () => {
  test.each(["relative", "/a/../b", "/a b", "/a;b", "/$(x)", "/a\nb", "", "/é"])(
    "%j is refused",
    (dir) => {
      expect(() => composeInstall({ ...request(dir), config })).toThrow(
        expect.objectContaining({ code: "PC001" }),
      );
    },
  );

  test.each([
    ["/", "/"],
    ["//a/./b/", "/a/b"],
  ])("%j is sent as %s", (dir, sent) => {
    expect(takeApart(composeInstall({ ...request(dir), config })).header.split(" ")[2]).toBe(sent);
  });
});

test("a restart command travels as payload, without line ends that a shell would lose", () => {
  const program = composeRestart({ ...request("/x"), restartCommand: "service k restart\n" });
  expect(Buffer.from(takeApart(program).payload).toString()).toBe("service k restart");
});
