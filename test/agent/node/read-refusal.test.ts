import { describe, expect, test } from "vitest";
import { type Become, rootAccess } from "../../../agent/node/become.ts";
import { readRefusal } from "../../../agent/node/read-refusal.ts";
import { Secret } from "../../../agent/secret.ts";

const password = new Secret("sesame");
const asked = "PULLCAST1-asks-root:";
const lecture = "We trust you have received the usual lecture.\n\n#1) Respect sudo.\n\n";

function read(stderr: string, become: Become = {}, { user = "admin", code = 1 } = {}) {
  const outcome = { end: { type: "exit", code } as const, stdout: "", stderr };
  return readRefusal(outcome, rootAccess(user, become));
}

describe("sudo's words", () => {
  test.each<[string, string, Become]>([
    ["PC224", "sudo: a password is required", {}],
    ["PC224", "sudo: sorry, a password is required to run sudo", {}],
    [
      "PC236",
      `${asked}Sorry, try again.\n${asked}\nsudo: 1 incorrect password attempt`,
      { password },
    ],
    ["PC236", `${asked}\nsudo: no password was provided`, { password }],
    ["PC238", `${asked}admin is not in the sudoers file.`, { password }],
    ["PC238", "Sorry, user admin may not run sudo on n1.", {}],
    [
      "PC238",
      `${asked}Sorry, user admin is not allowed to execute '/bin/sh' as root on n1.`,
      { password },
    ],
    ["PC238", "sudo: sorry, you must have a tty to run sudo", {}],
    ["PC238", "sudo: /usr/bin/sudo must be owned by uid 0 and have the setuid bit set", {}],
    ["PC238", 'sudo: The "no new privileges" flag is set', { password }],
    ["PC238", "sudo: se requiere una contraseña", {}],
  ])("are %s: %j", (code, stderr, become) => {
    expect(read(stderr, become)).toMatchObject({ code });
  });

  test("have an exact fix, where the name needs no quoting", () => {
    const needs = "sudo: a password is required";
    expect(read(needs)?.fix).toBe(
      "--ask-become-pass, or allow it without one: as root on the node, echo 'admin ALL=(root) NOPASSWD: /bin/sh' >>/etc/sudoers.d/pullcast",
    );
    expect(read(needs, {}, { user: "CORP\\eve'" })?.fix).toContain("echo 'USER ALL=(root)");
    const tty = "sudo: sorry, you must have a tty to run sudo";
    expect(read(tty)?.fix).toContain("'Defaults:admin !requiretty'");
    const none = `${asked}admin is not in the sudoers file.`;
    expect(read(none, { password })?.fix).toContain("'admin ALL=(root) /bin/sh'");
  });

  test("are told without the password, which a node may say again", () => {
    const echoed = `sudo: ${password.reveal()}: command not found\nsudo: sorry\n`;
    expect(JSON.stringify(read(echoed, { password }))).not.toContain(password.reveal());
  });

  test("are told without a lecture and without our own question", () => {
    const wrong = `${lecture}${asked}Sorry, try again.\n${asked}\nsudo: 1 incorrect password attempt\n`;
    expect(read(wrong, { password })).toEqual({
      code: "PC236",
      detail: "it asked for the one of root",
    });
    const barred = `${lecture}${asked}eve is not in the sudoers file.\nThis incident has been reported.`;
    expect(read(barred, { password })?.detail).toBe("eve is not in the sudoers file.");
  });
});

describe("doas's words", () => {
  test.each([
    "doas: Authentication required",
    "doas: Operation not permitted",
    "doas: doas is not enabled, /etc/doas.conf: No such file or directory",
  ])("are PC239 with the line that allows it: %j", (stderr) => {
    expect(read(stderr, { method: "doas" })).toEqual({
      code: "PC239",
      detail: stderr,
      fix: "as root on the node, echo 'permit nopass admin as root cmd /bin/sh' >>/etc/doas.conf",
    });
  });
});

test.each<[string, Become]>([
  ["env: 'sudo': No such file or directory", {}],
  ["env: can't execute 'sudo': No such file or directory", { password }],
  ["sh: 1: sudo: not found", {}],
  ["env: 'doas': No such file or directory", { method: "doas" }],
])("a program that is missing is PC237: %j", (stderr, become) => {
  expect(read(stderr, become, { code: 127 })).toMatchObject({ code: "PC237", detail: stderr });
});

test.each<[string, Become]>([
  ["sudo: a password is required", { method: "none" }],
  ["This account is currently not available.", {}],
  ["", { password }],
  ["", { method: "doas" }],
])("other words are not theirs: %j, %j", (stderr, become) => {
  expect(read(stderr, become)).toBeUndefined();
});
