import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { certificateTrouble, readCertificate } from "../../../agent/transport/certificate.ts";
import { publicBlobIn } from "../../../agent/transport/public-blob.ts";
import { makeKey } from "../../rig/sshd.ts";

const run = promisify(execFile);

let dir: string;
let ca: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-cert-"));
  ca = join(dir, "ca");
  await makeKey(ca);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A certificate that ssh-keygen signs for the public key beside `path`. */
async function sign(path: string, ...options: readonly string[]): Promise<Buffer> {
  await run("ssh-keygen", ["-q", "-s", ca, "-I", 'Ada "L"', ...options, `${path}.pub`], {
    env: { ...process.env, TZ: "UTC" },
  });
  const blob = publicBlobIn(await readFile(`${path}-cert.pub`, "utf8"));
  if (blob === undefined) throw new Error("ssh-keygen wrote no certificate");
  return blob;
}

const LIMITS = ["-V", "20260101000000:20260102000000"];
const seconds = (text: string) => Date.parse(text) / 1000;

describe("a certificate that ssh-keygen signed", () => {
  it.each(["ed25519", "ecdsa", "rsa"] as const)("is read, for a key of type %s", async (type) => {
    const path = join(dir, type);
    await makeKey(path, { type });
    expect(readCertificate(await sign(path, "-n", "core,root", "-z", "7", ...LIMITS))).toEqual({
      keyId: 'Ada "L"',
      principals: ["core", "root"],
      validAfter: seconds("2026-01-01T00:00:00Z"),
      validBefore: seconds("2026-01-02T00:00:00Z"),
    });
    expect(readCertificate(await sign(path))).toEqual({
      keyId: 'Ada "L"',
      principals: [],
      validAfter: undefined,
      validBefore: undefined,
    });
  });

  it("is none where its bytes end early, and a plain key is none", async () => {
    const path = join(dir, "cut");
    await makeKey(path);
    const blob = await sign(path, "-n", "core");
    for (let length = 0; length < 120; length += 1) {
      expect(readCertificate(blob.subarray(0, length))).toBeUndefined();
    }
    const plain = publicBlobIn(await readFile(`${path}.pub`, "utf8")) ?? Buffer.alloc(0);
    expect(readCertificate(plain)).toBeUndefined();
  });
});

describe("what speaks against a certificate", () => {
  const certificate = {
    keyId: "laptop\u001b[2J",
    principals: ["core"],
    validAfter: seconds("2026-01-01T00:00:00Z"),
    validBefore: seconds("2026-01-02T00:00:00Z"),
  };
  const at = (time: string, user = "core") =>
    certificateTrouble(certificate, { user, now: new Date(time) });

  it.each([
    ["2026-01-02T00:12:30Z", "expired 12 min ago (valid until 2026-01-02T00:00:00.000Z)"],
    ["2026-01-02T03:00:00Z", "expired 3 h ago"],
    ["2026-01-09T00:00:00Z", "expired 7 days ago"],
    ["2025-12-31T00:00:00Z", "is valid from 2026-01-01T00:00:00.000Z on only"],
  ])("at %s it %s", (time, words) => {
    expect(at(time)).toContain(`certificate "laptop\\x1b[2J" ${words}`);
  });

  it("another login name than its own; without names it is anybody's", () => {
    expect(at("2026-01-01T12:00:00Z")).toBeUndefined();
    expect(at("2026-01-01T12:00:00Z", "root")).toContain("is for core, not for root");
    const anybodys = { ...certificate, principals: [] };
    const now = new Date("2026-01-01T12:00:00Z");
    expect(certificateTrouble(anybodys, { user: "root", now })).toBeUndefined();
  });
});
