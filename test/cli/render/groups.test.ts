import { expect, test } from "vitest";
import type { NodeReport } from "../../../agent/index.ts";
import { neutralText } from "../../../cli/render/groups.ts";

function of(node: string, address: string, text: string): string {
  return neutralText({ node, address } as NodeReport, text);
}

test("a node's own names and addresses give way to words", () => {
  expect(of("n-1", "192.0.2.1:22", "n-1: 192.0.2.1:22, by ssh root@192.0.2.1")).toBe(
    "NODE: ADDRESS, by ssh root@ADDRESS",
  );
  expect(of("a.b", "[2001:db8::1]:22", "[2001:db8::1]:22 (a.b) and 2001:db8::1")).toBe(
    "ADDRESS (NODE) and ADDRESS",
  );
});

test("a name is no part of other words, names and addresses", () => {
  expect(of("a", "a", "a check that sshd at a-1 has a_b, and 1a")).toBe(
    "ADDRESS check that sshd at a-1 has a_b, and 1a",
  );
  expect(of("n1", "10.0.0.1", "10.0.0.12 and n11 are others")).toBe("10.0.0.12 and n11 are others");
});
