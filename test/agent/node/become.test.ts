import { describe, expect, test } from "vitest";
import {
  admissionOf,
  type Become,
  NODE_COMMAND,
  nodeCommand,
  rootAccess,
} from "../../../agent/node/become.ts";
import { Secret } from "../../../agent/secret.ts";

const password = new Secret("sesame-4711");
const commandOf = (user: string, become?: Become) => nodeCommand(rootAccess(user, become));

describe("the command", () => {
  test("is one constant that every login shell and sudoers line can take", () => {
    for (const command of [NODE_COMMAND, commandOf("admin", { password })]) {
      expect(command).not.toMatch(/[\n!\\]/);
      expect(command.split("'")).toHaveLength(3);
    }
  });

  test.each<[string, string, Become | undefined]>([
    ["/bin/sh -c ", "root", undefined],
    ["/bin/sh -c ", "root", { password }],
    ["/bin/sh -c ", "admin", { method: "none" }],
    ["env LC_ALL=C sudo -n /bin/sh -c ", "admin", undefined],
    ["env LC_ALL=C sudo -n /bin/sh -c ", "root", { method: "sudo" }],
    ["env LC_ALL=C sudo -S -k -p PULLCAST1-asks-%p: /bin/sh -c ", "admin", { password }],
    ["env LC_ALL=C doas -n /bin/sh -c ", "admin", { method: "doas" }],
  ])("begins with %j for %s and %j", (start, user, become) => {
    expect(commandOf(user, become).slice(0, start.length)).toBe(start);
    expect(commandOf(user, become)).not.toContain("sesame");
  });
});

describe("a password", () => {
  const judge = admissionOf(rootAccess("admin", { password }))?.judge;
  const question = "PULLCAST1-asks-admin:";

  test.each([
    [undefined, "", ""],
    [undefined, "", question],
    [undefined, "PULLCAST1 rea", question],
    [undefined, "half PULLCAST1 ready\n", question],
    ["accepted", "noise\nPULLCAST1 ready\n", question],
    ["accepted", "\nPULLCAST1 ready\n", `a lecture\n${question}`],
    ["not-asked", "\nPULLCAST1 ready\n", "noise\n"],
    ["refused", "", `${question}Sorry, try again.\n${question}`],
  ] as const)("is %s after %j and %j", (verdict, stdout, stderr) => {
    expect(judge?.({ stdout, stderr })).toBe(verdict);
  });

  test("is nobody's business where sudo is not asked for", () => {
    expect(admissionOf(rootAccess("root", { password }))).toBeUndefined();
    expect(admissionOf(rootAccess("admin"))).toBeUndefined();
  });

  test.each(["", "a\nb", "a\rb", "a\0b", "PULLCAST1 5", " \tPULLCAST1\t5"])(
    "%j is refused, since the node could take it for something else",
    (text) => {
      const access = rootAccess("admin", { password: new Secret(text) });
      expect(() => admissionOf(access)).toThrow(expect.objectContaining({ code: "PC236" }));
    },
  );

  test.each([" a", "PULLCAST1", "PULLCAST12 5", "pass wörd'\"$(x)"])("%j is one", (text) => {
    const answer = new Secret(text);
    expect(admissionOf(rootAccess("admin", { password: answer }))?.answer).toBe(answer);
  });
});
