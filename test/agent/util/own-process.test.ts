import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hasEnded, ownProcess } from "../../../agent/util/own-process.ts";

test("a process that runs has not ended", () => {
  expect(hasEnded(ownProcess() ?? "")).toBe(false);
});

test("a process that is gone has ended, and so has one whose number another one has now", async () => {
  const child = spawn("sleep", ["60"]);
  await once(child, "spawn");
  const own = ownProcess() ?? "";
  const stat = readFileSync(`/proc/${child.pid}/stat`, "latin1");
  const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  const name = own.replace(/\/\d+\/\d+$/, `/${child.pid}/${start}`);
  expect(hasEnded(name)).toBe(false);
  expect(hasEnded(name.replace(/\d+$/, "1"))).toBe(true);
  child.kill("SIGKILL");
  await once(child, "close");
  expect(hasEnded(name)).toBe(true);
});

test("nothing is claimed of processes on other machines", () => {
  const own = ownProcess() ?? "";
  for (const name of ["", "nonsense", own.replace(/^/, "other-"), own.replace(/\/pid:/, "/x:")]) {
    expect(hasEnded(name), name).toBe(false);
  }
});
