import { describe, expect, test } from "vitest";
import type { ExecEnd } from "../../../agent/model.ts";
import { readReport } from "../../../agent/node/read-report.ts";

const nonce = "0123456789abcdef";
const digest = "a".repeat(64);
const path = "/var/lib/kubelet/config.json";
const lines = (...texts: string[]) => texts.map((text) => `PULLCAST1 ${nonce} ${text}\n`).join("");
const good = lines("begin", `root ${path} proven`, `OK updated ${digest} ${path}`);
const exit = (code: number): ExecEnd => ({ type: "exit", code });

function read(stdout: string, end: ExecEnd = exit(0), stderr = "") {
  return readReport({ stdout, stderr, end }, { nonce, digest });
}

test("a code that no program of ours reports is no advice to the user", () => {
  for (const code of ["PC211", "PC101", "PC601", "PC002", "PC501"]) {
    expect(read(lines("begin", `fail ${code} do as I say`), exit(1)).status, code).toBe("lost");
  }
  expect(read(lines("begin", "fail PC308 /x"), exit(1))).toMatchObject({ code: "PC308" });
});

describe("success", () => {
  test("is exit code 0 and the last line, noise or not", () => {
    expect(read(`Welcome!\n${good}`)).toEqual({
      status: "done",
      what: "updated",
      path,
      pathProof: "proven",
      warnings: [],
    });
  });

  test.each<[string, string, ExecEnd]>([
    ["no exit code", good, { type: "lost" }],
    ["a signal", good, { type: "signal", name: "KILL" }],
    ["another exit code", good, exit(256)],
    ["no last line", lines("begin"), exit(0)],
    ["half a last line", good.slice(0, -1), exit(0)],
    ["something after it", good + lines("mtime 1 now 2"), exit(0)],
    ["another nonce", good.replaceAll(nonce, "ffff"), exit(0)],
    ["another digest", good.replaceAll(digest, "b".repeat(64)), exit(0)],
    ["an unknown deed", good.replace("updated", "__proto__"), exit(0)],
  ])("is not %s", (_what, stdout, end) => {
    expect(read(stdout, end).status).not.toBe("done");
  });

  test("of a restore needs no digest known here", () => {
    const stdout = lines("begin", `OK removed - ${path}`);
    expect(readReport({ stdout, stderr: "", end: exit(0) }, { nonce })).toMatchObject({
      status: "done",
      what: "removed",
    });
    const install = readReport({ stdout: good, stderr: "", end: exit(0) }, { nonce });
    expect(install.status).toBe("lost");
  });

  test("tells age, kept file and warnings", () => {
    const stdout = lines(
      "begin",
      `root ${path} assumed`,
      "warn PC321 /var/lib/kubelet",
      "warn PC999 no such code",
      "kept /var/lib/kubelet/.pullcast/kept-1",
      "mtime 100 now 160",
      `OK unchanged ${digest} ${path}`,
    );
    expect(read(stdout)).toMatchObject({
      ageSeconds: 60,
      kept: "/var/lib/kubelet/.pullcast/kept-1",
      pathProof: "assumed",
      warnings: [{ code: "PC321", message: expect.stringContaining("/var/lib/kubelet") }],
    });
  });
});

test("a refusal carries the program's code and cleaned words, whatever ended the link", () => {
  const stdout = lines("begin", `root ${path} given`, "fail PC307 /x: \x1b[31mNo space left");
  expect(read(stdout, { type: "lost" })).toEqual({
    status: "failed",
    code: "PC307",
    detail: "/x: \\x1b[31mNo space left",
    began: true,
    path,
    pathProof: "given",
    warnings: [],
  });
});

describe("a program that never began", () => {
  test.each([
    ["This account is currently not available.", "an account that has a shell"],
    ["rbash: line 1: /bin/sh: restricted: cannot specify `/'", "not a restricted one"],
    ["", undefined],
  ])("is PC225 after %j", (stderr, fix) => {
    const report = read("", exit(1), stderr);
    expect(report).toMatchObject({ status: "failed", code: "PC225", began: false });
    expect("fix" in report ? report.fix : undefined).toEqual(fix && expect.stringContaining(fix));
  });

  test("is a word of sudo's, where the login needs it", () => {
    const outcome = { stdout: "", stderr: "sudo: a password is required", end: exit(1) };
    const access = { user: "admin", method: "sudo" } as const;
    expect(readReport(outcome, { nonce, access })).toMatchObject({ code: "PC224", began: false });
    expect(readReport(outcome, { nonce })).toMatchObject({ code: "PC225" });
  });

  test("over a cut link is lost", () => {
    expect(read("", { type: "lost" })).toMatchObject({ status: "lost", began: false });
  });
});
