import { expect, test } from "vitest";
import { fillFixes } from "../../../cli/render/fill-fix.ts";
import { renderSummary } from "../../../cli/render/summary.ts";
import { pushReport, verifyReport } from "../reports.ts";

const pushFix = (fix: string, address: string) =>
  fillFixes(pushReport([{ fix, address }])).items[0];

test.each([
  ["ssh -v NODE true shows it", "10.0.0.1", "ssh -v 10.0.0.1 true shows it"],
  ["ssh NODE true", "10.0.0.1:2222", "ssh 10.0.0.1 true"],
  ["ssh NODE true", "[fd00::1]:2222", "ssh fd00::1 true"],
  ["ssh NODE true", "fd00::1", "ssh fd00::1 true"],
  [
    "kubectl describe node NODE; a push may work",
    "",
    "kubectl describe node worker-1; a push may work",
  ],
  ["give --hosts NAME=ADDRESS", "10.0.0.1", "give --hosts NAME=ADDRESS"],
])("%s, at %s", (fix, address, step) => {
  expect(pushFix(fix, address)).toMatchObject({ fix: step });
});

test("a denial names its image and node, several nodes share the line", () => {
  const item = {
    result: "denied",
    code: "PC401",
    message: "the registry denied the pull",
    fix: "pullcast explain IMAGE --node NODE tells it",
  } as const;
  const one = fillFixes(verifyReport([item]));
  expect(renderSummary(one)[1]).toBe(
    "  fix: pullcast explain r.io/team/app:1 --node worker-1 tells it",
  );
  const two = fillFixes(verifyReport([item, item]));
  expect(renderSummary(two)[1]).toBe(
    "  fix: pullcast explain r.io/team/app:1 --node NODE tells it",
  );
});
