import { execFile, execFileSync } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KnownHosts, lookupName } from "../../../agent/transport/known-hosts.ts";
import { makeKey, type Sshd, startSshd } from "../../rig/sshd.ts";

const run = promisify(execFile);

let dir: string;
let sshd: Sshd;
/** Lines `TYPE BASE64`. */
const keys = { ours: "", other: "", ecdsa: "", rsa: "" };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-kh-"));
  sshd = await startSshd();
  const make = async (name: string, type: "ed25519" | "ecdsa" | "rsa") =>
    (await makeKey(join(dir, name), { type })).split(" ").slice(0, 2).join(" ");
  keys.ours = sshd.hostKeys.ed25519 ?? "";
  keys.other = await make("other", "ed25519");
  keys.ecdsa = await make("ecdsa", "ecdsa");
  keys.rsa = await make("rsa", "rsa");
});

afterAll(async () => {
  await sshd.stop();
  await rm(dir, { recursive: true, force: true });
});

function hashed(name: string): string {
  const salt = randomBytes(20);
  const hash = createHmac("sha1", salt).update(name).digest("base64");
  return `|1|${salt.toString("base64")}|${hash}`;
}

function blobOf(line: string): Buffer {
  return Buffer.from(line.split(" ")[1] ?? "", "base64");
}

function judge(text: string, { host = "127.0.0.1", port = sshd.port, key = keys.ours } = {}) {
  const known = new KnownHosts();
  known.add("kh", text);
  return known.judge(host, port, blobOf(key));
}

/** Files whose verdict real ssh is asked for too: `N` stands for the name with its port. */
function cases(): [what: string, text: string][] {
  const name = lookupName("127.0.0.1", sshd.port);
  const { ours, other, ecdsa, rsa } = keys;
  return [
    ["nothing", ""],
    ["the key", `${name} ${ours}\n`],
    ["the key and a comment", `${name} ${ours} root@node\n`],
    ["no end of line", `${name} ${ours}`],
    ["CRLF", `${name} ${ours}\r\n`],
    ["tabs", `${name}\t${ours.replace(" ", "\t")}\n`],
    ["spaces first", `   ${name} ${ours}\n`],
    ["a comment line", `# ${name} ${ours}\n`],
    ["hashed", `${hashed(name)} ${ours}\n`],
    ["hashed, another name", `${hashed("[127.0.0.1]:1")} ${ours}\n`],
    ["hashed, bare name", `${hashed("127.0.0.1")} ${ours}\n`],
    ["hashed in a list", `${hashed(name)},${hashed("b")} ${ours}\n`],
    ["bad hash", `|1|xx ${ours}\n`],
    ["unknown hash", `${hashed(name).replace("|1|", "|2|")} ${ours}\n`],
    ["a list", `a,${name},b ${ours}\n`],
    ["a list with a space", `a, ${name} ${ours}\n`],
    ["star", `* ${ours}\n`],
    ["star in the address", `[127.*]:${sshd.port} ${ours}\n`],
    ["star without the port", `127.0.0.* ${ours}\n`],
    ["question marks", `[127.?.?.1]:${sshd.port} ${ours}\n`],
    ["negated after", `*,!${name} ${ours}\n`],
    ["negated before", `!${name},* ${ours}\n`],
    ["negated another", `*,!b ${ours}\n`],
    ["only negated", `!b ${ours}\n`],
    ["bare name", `127.0.0.1 ${ours}\n`],
    ["bare name, another key", `127.0.0.1 ${other}\n`],
    ["bare name ours, with port another", `127.0.0.1 ${ours}\n${name} ${other}\n`],
    ["another port", `[127.0.0.1]:1 ${ours}\n`],
    ["another host", `[127.0.0.2]:${sshd.port} ${ours}\n`],
    ["another key", `${name} ${other}\n`],
    ["another key first", `${name} ${other}\n${name} ${ours}\n`],
    ["another key last", `${name} ${ours}\n${name} ${other}\n`],
    ["another key by hash", `${hashed(name)} ${other}\n`],
    ["other types and ours", `${name} ${rsa}\n${name} ${ecdsa}\n${name} ${ours}\n`],
    ["revoked", `@revoked ${name} ${ours}\n`],
    ["revoked for all", `@revoked * ${ours}\n${name} ${ours}\n`],
    ["revoked after known", `${name} ${ours}\n@revoked ${name} ${ours}\n`],
    ["another revoked", `@revoked * ${other}\n${name} ${ours}\n`],
    ["revoked elsewhere", `@revoked b ${ours}\n${name} ${ours}\n`],
    ["revoked by the bare name", `@revoked 127.0.0.1 ${ours}\n${name} ${ours}\n`],
    ["authority", `@cert-authority * ${other}\n`],
    ["authority with our key", `@cert-authority * ${ours}\n`],
    ["authority and known", `@cert-authority * ${other}\n${name} ${ours}\n`],
    ["unknown marker", `@trusted ${name} ${ours}\n`],
    ["marker in capitals", `@REVOKED ${name} ${ours}\n${name} ${ours}\n`],
    ["marker alone", `@revoked\n${name} ${ours}\n`],
    ["no key", `${name}\n`],
    ["no blob", `${name} ssh-ed25519\n`],
    ["bad base64", `${name} ssh-ed25519 !!!!\n`],
    ["cut blob", `${name} ${ours.slice(0, -12)}\n`],
    ["wrong type name", `${name} ${ours.replace("ssh-ed25519", "ssh-rsa")}\n`],
    ["unknown type", `${name} ssh-foo ${ours.split(" ")[1]}\n`],
    ["SSH1 key", `${name} 1024 35 1234567\n`],
    ["rubbish, then the key", `rubbish\n\n\0\n${name} ${ours}\n`],
    ["upper-case name", `[127.0.0.1]:${sshd.port},NODE ${ours}\n`],
    ["long line before", `${"x".repeat(20_000)} ${other}\n${name} ${ours}\n`],
  ];
}

async function sshAccepts(file: string): Promise<boolean> {
  const options = {
    UserKnownHostsFile: file,
    GlobalKnownHostsFile: "/dev/null",
    StrictHostKeyChecking: "yes",
    BatchMode: "yes",
    IdentitiesOnly: "yes",
    UpdateHostKeys: "no",
    IdentityAgent: "none",
    LogLevel: "ERROR",
  };
  const flags = Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  const target = ["-p", String(sshd.port), "-i", sshd.key, `${sshd.user}@127.0.0.1`, "true"];
  return await run("ssh", ["-F", "none", ...flags, ...target]).then(
    () => true,
    () => false,
  );
}

describe("KnownHosts against ssh itself", () => {
  it("accepts what ssh accepts, but for a key revoked under the bare name", {
    timeout: 60_000,
  }, async () => {
    const disagreements: string[] = [];
    const queue = cases().entries();
    const worker = async () => {
      for (const [index, [what, text]] of queue) {
        const file = join(dir, `case-${index}`);
        await writeFile(file, text);
        const ours = judge(text).type === "known";
        if (ours !== (await sshAccepts(file))) disagreements.push(`${what}: ours ${ours}`);
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    expect(disagreements).toEqual(["revoked by the bare name: ours false"]);
  });

  it("finds the lines that ssh-keygen -F finds", async () => {
    const label = fc.constantFrom("a", "b", "node-1", "Node-2.example", "10.0.0.7", "*.example");
    const name = fc.oneof(
      label,
      label.map((host) => `!${host}`),
      label.map((host) => `[${host}]:2222`),
      label.map((host) => `${host},x`),
      label.map(hashed),
      fc.constantFrom("*", "?", "10.0.0.?", "node-*,!node-1"),
    );
    const line = fc
      .tuple(fc.constantFrom("", "@revoked ", "@cert-authority "), name)
      .map(([marker, hosts]) => `${marker}${hosts} ${keys.other}`);
    const property = fc.property(
      fc.array(line, { minLength: 30, maxLength: 60 }),
      fc.constantFrom("a", "node-1", "node-2.example", "[a]:2222", "10.0.0.7", "x"),
      (lines, wanted) => {
        const text = `${lines.join("\n")}\n`;
        const known = new KnownHosts();
        known.add("kh", text);
        const found = known.keysOf(wanted).map((key) => key.line);
        expect(found.sort((a, b) => a - b)).toEqual(keygenLines(text, wanted));
      },
    );
    fc.assert(property, { numRuns: 60 });
  });
});

function keygenLines(text: string, wanted: string): number[] {
  const file = join(dir, "keygen");
  try {
    const out = execFileSync(
      "sh",
      ["-c", 'cat >"$1" && ssh-keygen -F "$2" -f "$1"', "-", file, wanted],
      {
        input: text,
        encoding: "utf8",
      },
    );
    return [...out.matchAll(/found: line (\d+)/g)].map((match) => Number(match[1]));
  } catch {
    return [];
  }
}

describe("KnownHosts", () => {
  const name = () => lookupName("127.0.0.1", sshd.port);

  it("tells a changed key from a key of another type", () => {
    expect(judge(`${name()} ${keys.other}`).type).toBe("changed");
    expect(judge(`${name()} ${keys.rsa}\n${name()} ${keys.ecdsa}`).type).toBe("other-type");
    // A cut line is no key at all, as it is to ssh.
    expect(judge(`${name()} ${keys.other.slice(0, -8)}`).type).toBe("unknown");
  });

  it("says where the known keys stand", () => {
    expect(judge(`\n${name()} ${keys.other}`)).toMatchObject({
      type: "changed",
      known: [{ file: "kh", line: 2 }],
    });
  });

  it("puts revocation before anything else", () => {
    expect(judge(`${name()} ${keys.ours}\n@revoked * ${keys.ours}`).type).toBe("revoked");
  });

  it("names an authority that covers the host", () => {
    expect(judge(`@cert-authority * ${keys.other}`)).toMatchObject({
      type: "unknown",
      authority: { line: 1 },
    });
  });

  it("names lines about the host that hold no key, as ssh does, and no others", () => {
    const known = new KnownHosts();
    known.add(
      "kh",
      [
        ...["a ssh-rsa !!!!", "b ssh-rsa !!!!", "a", "# a", "rubbish of no host"],
        ...[`a ${keys.rsa.replace("ssh-rsa", "ssh-foo")}`, `* ${keys.ecdsa.slice(0, -9)}`],
        ...[`a ${keys.ours}`, "[a]:22 x", "@unheard a x y"],
      ].join("\n"),
    );
    expect(known.badLinesOf("a", 22).map(({ line }) => line)).toEqual([1, 3, 6, 7]);
    expect(known.badLinesOf("a", 2222).map(({ line }) => line)).toEqual([7, 1, 3, 6, 7]);
  });

  it("compares names in lower case", () => {
    const host = "NODE-1.Example";
    expect(judge(`node-1.example ${keys.ours}`, { host, port: 22 }).type).toBe("known");
    expect(judge(`Node-1.EXAMPLE ${keys.ours}`, { host, port: 22 }).type).toBe("known");
    expect(judge(`${hashed("node-1.example")} ${keys.ours}`, { host, port: 22 }).type).toBe(
      "known",
    );
  });

  it("knows IPv6 addresses", () => {
    expect(judge(`2001:db8::1 ${keys.ours}`, { host: "2001:DB8::1", port: 22 }).type).toBe("known");
    expect(judge(`[2001:db8::1]:2 ${keys.ours}`, { host: "2001:db8::1", port: 2 }).type).toBe(
      "known",
    );
  });

  it("names the types to ask for first", () => {
    const known = new KnownHosts();
    known.add("kh", `a ${keys.rsa}\n@revoked a ${keys.ecdsa}\n`);
    expect(known.typesOf("a", 22)).toEqual(new Set(["ssh-rsa"]));
    expect(known.typesOf("a", 2222)).toEqual(new Set(["ssh-rsa"]));
    expect(known.typesOf("b", 22)).toEqual(new Set());
  });

  it("takes 100,000 lines, patterns and all, in its stride", () => {
    const many = Array.from({ length: 100_000 }, (_, index) => `node-${index} ${keys.other}`);
    const known = new KnownHosts();
    known.add("kh", `${many.join("\n")}\n${"a*".repeat(50)}b ${keys.other}\n`);
    expect(known.judge("node-99999", 22, blobOf(keys.other)).type).toBe("known");
    expect(known.judge("a".repeat(250), 22, blobOf(keys.ours)).type).toBe("unknown");
  });

  it("never throws, whatever a file holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
        expect(judge(text).type).toBe("unknown");
      }),
    );
  });
});
