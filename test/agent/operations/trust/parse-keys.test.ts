import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseHostKeys } from "../../../../agent/operations/trust/parse-keys.ts";
import { makeKey } from "../../../rig/sshd.ts";

let dir: string;
const lines = { ed25519: "", ecdsa: "", rsa: "" };
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-pk-"));
  for (const type of ["ed25519", "ecdsa", "rsa"] as const) {
    lines[type] = await makeKey(join(dir, type), { type });
  }
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const found = (log: string) => parseHostKeys(log).map((blob) => blob.toString("base64"));
const base64 = (line: string) => line.split(" ")[1];

test("all keys that sshd makes are found, once each, between cat's complaints", () => {
  const log = [
    lines.ed25519,
    "cat: can't open '/host-ssh/ssh_host_ecdsa_key.pub': No such file or directory",
    ...[lines.rsa, lines.ed25519, lines.ecdsa, ""],
  ].join("\n");
  expect(found(log)).toEqual([lines.ed25519, lines.rsa, lines.ecdsa].map(base64));
});

test("a key that is cut, of another type than it says, or of a type that no login takes is none", () => {
  const [type, blob = ""] = lines.ed25519.split(" ");
  const bad = [
    `${type} ${blob.slice(0, -8)}`,
    `ssh-rsa ${blob}`,
    `ssh-dss ${blob}`,
    `x ${type} ${blob}`,
    `${type} ${blob}\u0000`,
    `${type}`,
  ];
  expect(found(bad.join("\n"))).toEqual([]);
});

test("more keys than a node has are not kept, and no text throws", () => {
  const many = Array.from({ length: 20 }, (_, seed) => {
    const blob = Buffer.from(base64(lines.ed25519) ?? "", "base64");
    blob[blob.length - 1] = seed;
    return `ssh-ed25519 ${blob.toString("base64")}`;
  });
  expect(found(many.join("\n"))).toHaveLength(8);
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (log) => void found(log)));
});
