import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, open, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inspect, promisify } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadNodeConfig as load } from "../../../agent/credentials/load-node-config.ts";
import type {
  CredentialSource,
  LoadContext,
  SourceInput,
} from "../../../agent/credentials/model.ts";
import { PullcastError } from "../../../agent/errors.ts";
import type { NodeConfig } from "../../../agent/model.ts";

const CANARY = "Canary-7f3a-pass";
const AUTH = Buffer.from(`robot:${CANARY}`).toString("base64");
const MIB = 1024 * 1024;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-credentials-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** The sources of these tests are files and standard input: nobody else is asked. */
const nobody: LoadContext = {
  readSecret: () => Promise.reject(new Error("asked a cluster")),
  exchangeToken: () => Promise.resolve({ type: "unsupported" }),
  cloudLogin: () => Promise.reject(new Error("asked a cloud")),
  signal: new AbortController().signal,
};
const loadNodeConfig = (source: CredentialSource) => load(source, nobody);

interface Given extends Partial<CredentialSource> {
  /** A path, or `-`. */
  readonly config?: string;
}

function source({ config, ...overrides }: Given = {}): CredentialSource {
  const readStdin = () => Promise.resolve(Buffer.alloc(0));
  const inputs: SourceInput[] = config === "-" ? [{ type: "stdin" }] : [];
  if (config !== undefined && config !== "-") inputs.push({ type: "file", path: config });
  return { inputs, readStdin, env: {}, homeDir: join(dir, "home"), ...overrides };
}

function fromText(text: string | Uint8Array): Promise<NodeConfig> {
  return loadNodeConfig(
    source({ config: "-", readStdin: () => Promise.resolve(Buffer.from(text)) }),
  );
}

async function fromFile(content: string | Uint8Array, mode = 0o600): Promise<NodeConfig> {
  const path = join(dir, "config.json");
  await writeFile(path, content, { mode });
  return loadNodeConfig(source({ config: path }));
}

async function refusal(loading: Promise<NodeConfig>): Promise<PullcastError> {
  const error = await loading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PullcastError)) throw new Error("no PullcastError", { cause: error });
  const shown = `${inspect(error, { depth: 9 })}${error.message}${error.fix}${JSON.stringify(error)}`;
  expect(shown).not.toContain(CANARY);
  expect(shown).not.toContain(AUTH);
  return error;
}

const textOf = (config: NodeConfig) => Buffer.from(config.bytes.reveal()).toString();
const authsOf = (config: NodeConfig) =>
  (JSON.parse(textOf(config)) as { auths: Record<string, unknown> }).auths;
const told = (config: NodeConfig) =>
  config.warnings.filter(({ code }) => code !== "PC611").map((n) => `${n.code} ${n.message}`);

describe("the file for the nodes", () => {
  test("holds auths alone, each entry as auth alone, keys sorted, one line break at the end", async () => {
    const config = await fromText(
      JSON.stringify({
        HttpHeaders: { "User-Agent": "x" },
        auths: {
          "reg.io": { username: "robot", password: CANARY, email: "a@b" },
          "ghcr.io": { auth: AUTH, identitytoken: "t" },
        },
      }),
    );
    expect(textOf(config)).toBe(
      `{\n\t"auths": {\n\t\t"ghcr.io": {\n\t\t\t"auth": "${AUTH}"\n\t\t},\n\t\t"reg.io": {\n\t\t\t"auth": "${AUTH}"\n\t\t}\n\t}\n}\n`,
    );
    expect(config.entries).toEqual(["ghcr.io", "reg.io"]);
    expect(config.digest).toBe(createHash("sha256").update(textOf(config)).digest("hex"));
    expect(config.sizeBytes).toBe(Buffer.byteLength(textOf(config)));
    expect(config.source).toBe("standard input");
  });

  test("shows nothing secret when it is printed", async () => {
    const config = await fromText(JSON.stringify({ auths: { "reg.io": { auth: AUTH } } }));
    const shown = inspect(config, { depth: 9 }) + JSON.stringify(config);
    expect(shown).not.toContain(CANARY);
    expect(shown).not.toContain(AUTH);
  });

  test("says once that every pod may use the credentials", async () => {
    const config = await fromText(
      JSON.stringify({ auths: { a: { auth: AUTH }, b: { auth: AUTH } } }),
    );
    expect(config.warnings.filter(({ code }) => code === "PC611")).toHaveLength(1);
  });

  test("is the same for equal credentials in any order and form", () => {
    const key = fc.stringMatching(/^[a-z0-9./-]{1,20}$/);
    const word = fc.string({ minLength: 1 }).filter((s) => !s.includes(":") && s.trim() === s);
    const dictionary = fc.dictionary(key, fc.tuple(word, word, fc.boolean()), { minKeys: 1 });
    const property = fc.asyncProperty(dictionary, async (entries) => {
      const plain = Object.entries(entries).map(([name, [username, password]]) => [
        name,
        { username, password },
      ]);
      const mixed = Object.entries(entries).map(([name, [user, password, encode]]) => [
        name,
        encode
          ? { auth: Buffer.from(`${user}:${password}`).toString("base64").replace(/=+$/, "") }
          : { username: user, password },
      ]);
      const build = (pairs: unknown[]) =>
        fromText(JSON.stringify({ auths: Object.fromEntries(pairs as [string, unknown][]) }));
      const first = await build(plain);
      const second = await build(mixed.reverse());
      expect(second.digest).toBe(first.digest);
      expect(Object.keys(authsOf(first))).toHaveLength(Object.keys(entries).length);
    });
    return fc.assert(property);
  });
});

describe("what a kubelet can't use", () => {
  test("is left out and named, and the rest goes on", async () => {
    const config = await fromText(
      JSON.stringify({
        HttpHeaders: { "X-Meta": CANARY },
        auths: {
          "good.io": { auth: AUTH },
          "empty.io": {},
          "token.io": { identitytoken: CANARY },
          "bad.io": { auth: `${CANARY}!` },
          "worse.io": { auth: `${CANARY}?` },
        },
      }),
    );
    expect(config.entries).toEqual(["good.io"]);
    expect(told(config)).toEqual([
      "PC635 HttpHeaders of standard input are left out, kubelets never send them: X-Meta",
      "PC610 left out empty.io: it has no credentials",
      "PC610 left out bad.io, worse.io: its auth is not base64",
      "PC626 left out token.io: it has only an identity token, which kubelets ignore; instead: pullcast push --registry token.io --username USER --password-stdin < FILE-WITH-A-PASSWORD-OR-ACCESS-TOKEN",
    ]);
  });

  test("a login in a registry's name is neither sent nor shown", async () => {
    const config = await fromText(
      JSON.stringify({
        auths: { "good.io": { auth: AUTH }, [`https://robot:${CANARY}@reg.io/x`]: { auth: AUTH } },
      }),
    );
    expect(config.entries).toEqual(["good.io"]);
    expect(JSON.stringify(config)).not.toContain(CANARY);
    expect(told(config)).toEqual(["PC610 left out reg.io/x: the registry's name holds a login"]);
  });

  test("a password that ends in a line break is sent, and doubted", async () => {
    const auth = Buffer.from("u:p\n").toString("base64");
    const config = await fromText(JSON.stringify({ auths: { "reg.io": { auth } } }));
    expect(told(config)).toEqual(["PC613 reg.io: the password ends in a line break or NUL"]);
  });

  test("a thousand empty entries make one short remark", async () => {
    const names = Array.from({ length: 1000 }, (_, i) => [`r${i}.io`, {}]);
    const config = await fromText(
      JSON.stringify({ auths: { ...Object.fromEntries(names), "good.io": { auth: AUTH } } }),
    );
    expect(told(config)).toHaveLength(1);
    expect(told(config)[0]).toMatch(/ and 990 more: it has no credentials$/);
  });

  test.each(["", " ", "a b", "a\nb", "a\u0000", "a\ud800"])(
    "a registry named %j is left out",
    async (name) => {
      const config = await fromText(
        JSON.stringify({ auths: { [name]: { auth: AUTH }, "good.io": { auth: AUTH } } }),
      );
      expect(config.entries).toEqual(["good.io"]);
    },
  );
});

describe("odd JSON", () => {
  test("a byte order mark and CRLF are taken", async () => {
    const config = await fromText(`\ufeff{\r\n"auths": {"reg.io": {"auth": "${AUTH}"}}\r\n}\r\n`);
    expect(config.entries).toEqual(["reg.io"]);
  });

  test("of a key that comes twice the last counts, as in the kubelet's parser", async () => {
    const config = await fromText(
      `{"auths":{"reg.io":{"auth":"eDp5"},"reg.io":{"auth":"${AUTH}"}}}`,
    );
    expect(authsOf(config)).toEqual({ "reg.io": { auth: AUTH } });
  });

  test("__proto__ is a key like any other and changes no object", async () => {
    const config = await fromText(
      `{"__proto__":{"auths":{"x":{"auth":"${AUTH}"}}},"auths":{"__proto__":{"auth":"${AUTH}"},"constructor":{"__proto__":{"auth":"${AUTH}"}}}}`,
    );
    expect(config.entries).toEqual(["__proto__"]);
    expect(Object.hasOwn(authsOf(config), "__proto__")).toBe(true);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(Reflect.get({}, "auth")).toBeUndefined();
  });

  test("never throws anything but a coded refusal without content, whatever the bytes", () => {
    const jsonish = fc
      .json()
      .map((json) => `{"auths":{"reg.io":${json},"x":{"auth":"${AUTH}"}`)
      .chain((text) => fc.constantFrom(text, `${text}}}`, `${text}},`));
    const bytes = fc.oneof(
      fc.uint8Array().map((array) => Buffer.from(array)),
      jsonish.map((text) => Buffer.from(text)),
    );
    const property = fc.asyncProperty(bytes, async (input) => {
      try {
        expect((await fromText(input)).entries).toContain("x");
      } catch (error) {
        if (!(error instanceof PullcastError)) throw error;
        expect(error.code).toMatch(/^PC60[2348]$/);
        expect(inspect(error, { depth: 9 })).not.toContain(AUTH);
      }
    });
    return fc.assert(property, { numRuns: 1000 });
  });
});

describe("refusals, each before anything else is done", () => {
  test.each([
    ["PC602", "nothing", ""],
    ["PC602", "white space", " \r\n\t"],
    ["PC603", "text", `robot:${CANARY}`],
    ["PC603", "a cut file", `{"auths":{"reg.io":{"auth":"${AUTH}"`],
    ["PC603", "a comma too many", `{"auths":{"reg.io":{"auth":"${AUTH}"},}}`],
    ["PC603", "UTF-16", Buffer.from(`\ufeff{"auths":{}}`, "utf16le")],
    ["PC603", "bytes that are not UTF-8", Buffer.from([0x7b, 0xff, 0x7d])],
    ["PC603", "NUL bytes", Buffer.alloc(100)],
    ["PC603", "100,000 brackets", "[".repeat(100_000)],
    ["PC604", "a list", "[]"],
    ["PC604", "null", "null"],
    ["PC604", "a string", `"${CANARY}"`],
    ["PC604", "an object without auths", "{}"],
    ["PC604", "empty auths", '{"auths":{}}'],
    ["PC604", "auths that are a list", `{"auths":["${AUTH}"]}`],
    ["PC604", "deep nesting", "[".repeat(100_000) + "]".repeat(100_000)],
    ["PC608", "empty entries", '{"auths":{"reg.io":{}}}'],
    [
      "PC620",
      "Docker Desktop's entries on another machine",
      '{"auths":{"reg.io":{}},"credsStore":"desktop"}',
    ],
    ["PC608", "a malformed auth", `{"auths":{"reg.io":{"auth":"${CANARY}"}}}`],
    ["PC608", "an identity token", `{"auths":{"reg.io":{"identitytoken":"${CANARY}"}}}`],
  ])("%s: %s", async (code, _name, content) => {
    expect((await refusal(fromFile(content))).code).toBe(code);
    expect((await refusal(fromText(content))).code).toBe(code);
  });

  test("PC603 names line and column", async () => {
    const error = await refusal(fromText('{\n  "auths": {\n    oops\n'));
    expect(error.detail).toBe("standard input:3:5");
  });

  test("PC604 says that the credentials are in a helper", async () => {
    const error = await refusal(fromText('{"credsStore":"desktop","auths":{}}'));
    expect(error.message).toContain("the credentials are in the helper credsStore desktop");
    expect(error.fix).toContain("--all-from-store");
  });

  test("PC608 says why no entry can be used", async () => {
    const error = await refusal(fromText('{"auths":{"reg.io":{},"a.io":{"auth":"?"}}}'));
    expect(error.detail).toBe(
      "standard input: left out reg.io: it has no credentials; left out a.io: its auth is not base64",
    );
  });

  test("PC601 names all places that were looked at", async () => {
    const env = { DOCKER_CONFIG: join(dir, "none") };
    const error = await refusal(loadNodeConfig(source({ env })));
    expect(error.code).toBe("PC601");
    expect(error.detail).toBe(
      `looked at ${dir}/none/config.json and ${dir}/home/.docker/config.json`,
    );
  });

  test("PC601 for a --config that isn't there: no other file stands in", async () => {
    await mkdir(join(dir, "home/.docker"), { recursive: true });
    await writeFile(join(dir, "home/.docker/config.json"), `{"auths":{"r":{"auth":"${AUTH}"}}}`);
    const error = await refusal(loadNodeConfig(source({ config: join(dir, "none") })));
    expect(error.detail).toBe(`looked at ${dir}/none`);
  });

  test("PC605 for a directory names the file that was meant", async () => {
    const error = await refusal(loadNodeConfig(source({ config: dir })));
    expect([error.code, error.fix]).toEqual(["PC605", `--config ${dir}/config.json`]);
  });

  test("PC605 for a FIFO, without waiting for a writer", async () => {
    await promisify(execFile)("mkfifo", [join(dir, "fifo")]);
    const error = await refusal(loadNodeConfig(source({ config: join(dir, "fifo") })));
    expect([error.code, error.detail]).toEqual(["PC605", `${dir}/fifo is a FIFO`]);
  });

  test("PC605 for a device and a socket", async () => {
    expect((await refusal(loadNodeConfig(source({ config: "/dev/zero" })))).code).toBe("PC605");
    const server = createServer().listen(join(dir, "socket"));
    try {
      await new Promise((resolve) => server.once("listening", resolve));
      const error = await refusal(loadNodeConfig(source({ config: join(dir, "socket") })));
      expect(error.code).toBe("PC605");
    } finally {
      server.close();
    }
  });

  test.runIf(process.platform === "linux")("PC606 where reading fails", async () => {
    const error = await refusal(loadNodeConfig(source({ config: "/proc/self/mem" })));
    expect([error.code, error.detail]).toEqual(["PC606", "/proc/self/mem: EIO"]);
  });

  test("PC606 for a file of somebody else", async () => {
    const path = join(dir, "config.json");
    await writeFile(path, `{"auths":{"r":{"auth":"${AUTH}"}}}`, { mode: 0o000 });
    await chmod(dir, 0o755);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(65534);
    try {
      const error = await refusal(loadNodeConfig(source({ config: path })));
      expect([error.code, error.detail]).toEqual(["PC606", `${path}: EACCES`]);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  test("PC606 for a loop of links and for a broken pipe", async () => {
    await symlink("loop", join(dir, "loop"));
    expect((await refusal(loadNodeConfig(source({ config: join(dir, "loop") })))).code).toBe(
      "PC606",
    );
    const readStdin = () => Promise.reject(Object.assign(new Error("read"), { code: "EIO" }));
    const error = await refusal(loadNodeConfig(source({ config: "-", readStdin })));
    expect([error.code, error.detail]).toEqual(["PC606", "standard input: EIO"]);
  });

  test("PC607 above 1 MiB, and a file of 10 GiB is not read", async () => {
    const path = join(dir, "large");
    const file = await open(path, "w");
    await file.truncate(10 * 1024 * MIB);
    await file.close();
    expect((await refusal(loadNodeConfig(source({ config: path })))).code).toBe("PC607");
    expect((await refusal(fromText(Buffer.alloc(MIB + 1, 0x20)))).code).toBe("PC607");
    const limits: number[] = [];
    const readStdin = (limit: number) => {
      limits.push(limit);
      return Promise.resolve(Buffer.from("{}"));
    };
    await refusal(loadNodeConfig(source({ config: "-", readStdin })));
    expect(limits).toEqual([MIB + 1]);
  });

  test("exactly 1 MiB is taken", async () => {
    const text = `{"auths":{"reg.io":{"auth":"${AUTH}"}}}`;
    const config = await fromFile(text.padEnd(MIB, " "));
    expect(config.entries).toEqual(["reg.io"]);
  });
});

describe("where the source is found", () => {
  const text = (registry: string) => `{"auths":{"${registry}":{"auth":"${AUTH}"}}}`;

  test("docker's own places, $DOCKER_CONFIG first", async () => {
    await mkdir(join(dir, "home/.docker"), { recursive: true });
    await mkdir(join(dir, "docker"));
    await writeFile(join(dir, "home/.docker/config.json"), text("home"), { mode: 0o600 });
    const env = { DOCKER_CONFIG: join(dir, "docker") };
    const home = await loadNodeConfig(source({ env }));
    expect([home.entries, home.source]).toEqual([["home"], `${dir}/home/.docker/config.json`]);
    await writeFile(join(dir, "docker/config.json"), text("env"), { mode: 0o600 });
    expect((await loadNodeConfig(source({ env }))).entries).toEqual(["env"]);
    expect((await loadNodeConfig(source({ env: { DOCKER_CONFIG: "" } }))).entries).toEqual([
      "home",
    ]);
  });

  test("the first of five places counts, the others that exist are named as not used", async () => {
    const places = ["registry.json", "docker/config.json", "home/.docker/config.json"];
    const files = [...places, "run/containers/auth.json"].map((place) => join(dir, place));
    const env: Record<string, string> = {
      DOCKER_AUTH_CONFIG: text("text"),
      REGISTRY_AUTH_FILE: join(dir, "registry.json"),
      DOCKER_CONFIG: join(dir, "docker"),
      XDG_RUNTIME_DIR: join(dir, "run"),
    };
    for (const [index, path] of files.entries()) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text(`file${index}`), { mode: 0o600 });
    }
    const first = await loadNodeConfig(source({ env }));
    expect([first.entries, first.source, first.ambient]).toEqual([
      ["text"],
      "$DOCKER_AUTH_CONFIG",
      true,
    ]);
    expect(told(first)).toEqual([
      `PC634 not used, since $DOCKER_AUTH_CONFIG comes first: ${files.join(", ")}`,
    ]);
    delete env["DOCKER_AUTH_CONFIG"];
    for (const [index, path] of files.entries()) {
      expect((await loadNodeConfig(source({ env }))).entries).toEqual([`file${index}`]);
      await rm(path);
    }
    expect((await refusal(loadNodeConfig(source({ env })))).code).toBe("PC601");
  });

  test("one file by two names is not named as unused, and a named source hides all that could be found", async () => {
    const path = join(dir, "home/.docker/config.json");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text("home"), { mode: 0o600 });
    await symlink(path, join(dir, "link"));
    const env = { REGISTRY_AUTH_FILE: join(dir, "link"), DOCKER_AUTH_CONFIG: "" };
    expect(told(await loadNodeConfig(source({ env })))).toEqual([]);
    await writeFile(join(dir, "named"), text("named"), { mode: 0o600 });
    const named = await loadNodeConfig(source({ env, config: join(dir, "named") }));
    expect([named.entries, named.ambient, told(named)]).toEqual([["named"], false, []]);
  });

  test("a first place that is there but unusable is an error, not a reason to look further", async () => {
    await mkdir(join(dir, "home/.docker"), { recursive: true });
    await mkdir(join(dir, "docker"));
    await writeFile(join(dir, "home/.docker/config.json"), text("home"));
    await writeFile(join(dir, "docker/config.json"), "");
    const env = { DOCKER_CONFIG: join(dir, "docker") };
    expect((await refusal(loadNodeConfig(source({ env })))).code).toBe("PC602");
  });

  test("a file that everybody can read is remarked on, a private one isn't", async () => {
    const path = join(dir, "config.json");
    expect(told(await fromFile(text("r")))).toEqual([]);
    await chmod(path, 0o644);
    expect(told(await loadNodeConfig(source({ config: path })))).toEqual([
      `PC612 every user of this machine can read ${path}: chmod 600 it`,
    ]);
  });
});
