import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadNodeConfig } from "../../../agent/credentials/load-node-config.ts";
import type {
  CredentialSource,
  LoadContext,
  LoadedConfig,
  TokenExchange,
} from "../../../agent/credentials/model.ts";
import { runHelper } from "../../../agent/credentials/run-helper.ts";
import { PullcastError } from "../../../agent/errors.ts";
import { Secret } from "../../../agent/secret.ts";
import { answers, writeHelpers } from "./helper-programs.ts";

const CANARY = "Canary-9d41-pass0123456789";
const AUTH = Buffer.from(`robot:${CANARY}`).toString("base64");

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-helpers-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const never = new AbortController().signal;
const env = () => ({ PATH: `${dir}:/usr/bin:/bin`, HOME: dir, DOCKER_AUTH_CONFIG: "" });

interface Given {
  readonly source?: Partial<CredentialSource>;
  readonly context?: Partial<LoadContext>;
}

function load(file: object, { source = {}, context = {} }: Given = {}): Promise<LoadedConfig> {
  return loadNodeConfig(
    {
      inputs: [{ type: "stdin" }],
      readStdin: async () => Buffer.from(JSON.stringify(file)),
      env: env(),
      homeDir: dir,
      ...source,
    },
    {
      readSecret: () => Promise.reject(new Error("asked a cluster")),
      exchangeToken: async () => ({ type: "unsupported" }),
      cloudLogin: () => Promise.reject(new Error("asked a cloud")),
      signal: never,
      ...context,
    },
  );
}

/** All that can be seen of a result or an error. */
const seen = (value: unknown) =>
  inspect(value, { depth: 12 }) +
  JSON.stringify(value) +
  (value instanceof PullcastError ? value.message + value.fix : "");

async function refusal(loading: Promise<LoadedConfig>): Promise<PullcastError> {
  const error: unknown = await loading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PullcastError)) throw new Error("no PullcastError", { cause: error });
  expect(seen(error)).not.toContain(CANARY);
  return error;
}

const pairs = (config: LoadedConfig) =>
  Object.fromEntries(
    config.credentials.map(({ key, auth }) => [
      key,
      Buffer.from(auth.reveal(), "base64").toString(),
    ]),
  );
const told = (config: LoadedConfig) =>
  config.warnings.filter(({ code }) => code !== "PC611").map((n) => `${n.code} ${n.message}`);

describe("helpers are asked", () => {
  test("for empty entries by credsStore, for its keys by credHelpers, and never for a usable entry", async () => {
    await writeHelpers(dir, {
      store: `echo "$url" >> ${dir}/asked; ${answers("store", CANARY)}`,
      own: `echo "own $url" >> ${dir}/asked; ${answers("own", CANARY)}`,
    });
    const config = await load({
      credsStore: "store",
      credHelpers: { "reg.io/team": "own", "b.io": "own" },
      auths: {
        "https://index.docker.io/v1/": {},
        "b.io": { auth: AUTH },
        "a.io": { auth: AUTH },
        "c.io": { email: "x@y" },
      },
    });
    expect(pairs(config)).toEqual({
      "a.io": `robot:${CANARY}`,
      "b.io": `own:${CANARY}`,
      "c.io": `store:${CANARY}`,
      "https://index.docker.io/v1/": `store:${CANARY}`,
      "reg.io/team": `own:${CANARY}`,
    });
    const asked = (await readFile(join(dir, "asked"), "utf8")).trim().split("\n").sort();
    expect(asked).toEqual(["c.io", "https://index.docker.io/v1/", "own b.io", "own reg.io/team"]);
    expect(seen(config)).not.toContain(CANARY);
    expect(config.credentials.find(({ key }) => key === "c.io")?.source).toBe(
      "credsStore store (standard input)",
    );
  });

  test("for all that the store lists only with --all-from-store, without Docker Desktop's own tokens", async () => {
    const list = {
      "more.io": "robot",
      "a.io": "robot",
      "https://index.docker.io/v1/access-token": "robot",
    };
    await writeHelpers(dir, {
      store: `[ "$action" = list ] && { printf '%s' '${JSON.stringify(list)}'; exit; }\n${answers("robot", CANARY)}`,
    });
    const file = { credsStore: "store", auths: { "a.io": {} } };
    expect(Object.keys(pairs(await load(file)))).toEqual(["a.io"]);
    const all = await load(file, { source: { allFromStore: true } });
    expect(Object.keys(pairs(all))).toEqual(["a.io", "more.io"]);
    expect(told(all).join()).toContain("it is Docker Desktop's own");
    const bare = await load({ credsStore: "store" }, { source: { allFromStore: true } });
    expect(Object.keys(pairs(bare))).toEqual(["a.io", "more.io"]);
  });

  test("not for what --except or --only leaves out", async () => {
    await writeHelpers(dir, { broken: "exit 1" });
    const file = { credHelpers: { "gcr.io": "broken" }, auths: { "a.io": { auth: AUTH } } };
    const config = await load(file, { source: { except: ["gcr.io"] } });
    expect(Object.keys(pairs(config))).toEqual(["a.io"]);
    expect(told(config)).toEqual(["PC633 left out as asked: gcr.io"]);
  });

  test("with the user's environment, but not with credentials that stand in it", async () => {
    await writeHelpers(dir, {
      env: `env > ${dir}/env; tr '\\0' ' ' < /proc/$$/cmdline > ${dir}/argv; ${answers("robot", CANARY)}`,
    });
    await load(
      { credHelpers: { "a.io": "env" } },
      { source: { env: { ...env(), AWS_PROFILE: "prod", DOCKER_AUTH_CONFIG: CANARY } } },
    );
    const given = await readFile(join(dir, "env"), "utf8");
    expect(given).toContain("AWS_PROFILE=prod");
    expect(given).not.toContain("Canary");
    expect(await readFile(join(dir, "argv"), "utf8")).toMatch(/docker-credential-env get $/);
  });

  test("many at a time, so that hundreds take no hundreds of turns", async () => {
    // Each waits until eight are there: one after another none would ever end.
    await writeHelpers(dir, {
      meet: `mkdir -p ${dir}/meet; : > ${dir}/meet/$url; while [ "$(ls ${dir}/meet | wc -l)" -lt 8 ]; do sleep 0.05; done; ${answers("robot", CANARY)}`,
    });
    const keys = Array.from({ length: 8 }, (_, i) => [`r${i}.io`, "meet"]);
    const config = await load({ credHelpers: Object.fromEntries(keys) });
    expect(config.entries).toHaveLength(8);
  });
});

describe("a helper that can't give what it should ends the run, named, before anything is touched:", () => {
  const get = (name: string) =>
    load({ credHelpers: { "reg.io": name }, auths: { a: { auth: AUTH } } });

  test("one that isn't installed", async () => {
    const error = await refusal(get("none"));
    expect([error.code, error.detail]).toEqual([
      "PC620",
      "for reg.io: docker-credential-none is not on PATH",
    ]);
    expect(error.fix).toContain("--except reg.io");
  });

  test("one that lies in the working directory only, where PATH is relative", async () => {
    await writeHelpers(dir, { here: answers("robot", CANARY) });
    const file = { credHelpers: { "reg.io": "here" } };
    const source = { env: { PATH: `.:bin::${"../".repeat(20)}${dir.slice(1)}` } };
    expect((await refusal(load(file, { source }))).code).toBe("PC620");
  });

  test.each(["../sh", "a b", "x;id", "x/y", "$(id)", "\u202e"])("one named %j", async (name) => {
    expect((await refusal(get(name))).code).toBe("PC624");
  });

  test("one that fails, in its words, which show no secret", async () => {
    await writeHelpers(dir, {
      words: `echo 'the keychain is locked: run \u001b[31munlock'; exit 1`,
      quiet: "echo 'no bus' >&2; exit 3",
      leak: `echo 'bad login, password=${CANARY} token ${CANARY}' >&2; exit 1`,
      json: `printf '{"Username":"robot","Secret":"${CANARY}"}'; exit 1`,
      mute: "exit 7",
    });
    expect((await refusal(get("words"))).message).toBe(
      "a credential helper failed: for reg.io: docker-credential-words: the keychain is locked: run \\x1b[31munlock",
    );
    expect((await refusal(get("quiet"))).detail).toContain("no bus");
    expect((await refusal(get("leak"))).detail).toContain("bad login, password=***");
    expect((await refusal(get("json"))).code).toBe("PC621");
    expect((await refusal(get("mute"))).detail).toContain("exit 7");
  });

  test("one that answers for another registry: its secret is offered to none", async () => {
    await writeHelpers(dir, { evil: answers("robot", CANARY, "https://other.io/v1/") });
    const error = await refusal(get("evil"));
    expect([error.code, error.detail]).toEqual([
      "PC623",
      "for reg.io: docker-credential-evil was asked for reg.io and answered for https://other.io/v1/",
    ]);
  });

  test.each([
    ["text", `echo ${CANARY}`],
    ["a list", `echo '["${CANARY}"]'`],
    ["a number for a name", `echo '{"Username":5,"Secret":"${CANARY}"}'`],
    ["a flood", "yes"],
  ])("one that prints %s", async (_name, script) => {
    await writeHelpers(dir, { odd: script });
    expect((await refusal(get("odd"))).code).toBe("PC623");
  });

  test("one that hangs, with all that it started", async () => {
    await writeHelpers(dir, {
      hang: `sleep 1000 & echo $! > ${dir}/pid; trap '' TERM; wait; wait`,
    });
    const call = { name: "hang", action: "get", input: "reg.io" } as const;
    const error: unknown = await runHelper(call, {
      env: env(),
      signal: never,
      timeoutMs: 300,
    }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "PC622" });
    const pid = (await readFile(join(dir, "pid"), "utf8")).trim();
    const state = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "gone");
    expect(state).toMatch(/^gone$|\) Z /);
  });

  test("all that failed are counted", async () => {
    const error = await refusal(load({ credHelpers: { "a.io": "none", "b.io": "none" } }));
    expect(error.detail).toMatch(/; 2 entries could not be fetched$/);
    expect(error.fix).toContain("--except a.io --except b.io");
  });

  test("an interrupted run ends at once", async () => {
    await writeHelpers(dir, { hang: `: > ${dir}/started; sleep 1000` });
    const stop = new AbortController();
    const loading = load({ credHelpers: { a: "hang" } }, { context: { signal: stop.signal } });
    stop.abort(new Error("interrupted"));
    await expect(loading).rejects.toThrow("interrupted");
  });
});

test("an entry that the helper knows nothing of is left out and named", async () => {
  await writeHelpers(dir, {
    store: `[ "$url" = gone.io ] && { echo 'credentials not found in native keychain'; exit 1; }\n[ "$url" = empty.io ] && { ${answers("", "")}; exit; }\n${answers("robot", CANARY)}`,
  });
  const config = await load({
    credsStore: "store",
    auths: { "gone.io": {}, "empty.io": {}, "a.io": {} },
  });
  expect(Object.keys(pairs(config))).toEqual(["a.io"]);
  expect(told(config)).toEqual([
    "PC625 left out empty.io, gone.io: docker-credential-store has none for it",
  ]);
});

test("Docker Hub's names are one registry to a helper's answer", async () => {
  await writeHelpers(dir, { hub: answers("robot", CANARY, "https://index.docker.io/v1/") });
  const config = await load({ credHelpers: { "docker.io": "hub" } });
  expect(Object.keys(pairs(config))).toEqual(["docker.io"]);
});

describe("an identity token", () => {
  const file = { auths: { "team.azurecr.io": { identitytoken: CANARY }, "a.io": { auth: AUTH } } };
  const exchanging = (answer: TokenExchange, asked: string[] = []) => ({
    context: {
      exchangeToken: async (registry: string, token: Secret) => {
        asked.push(`${registry} ${token.reveal()}`);
        return answer;
      },
    },
  });

  test("of an entry or of a helper is exchanged at its own registry", async () => {
    await writeHelpers(dir, { tok: answers("<token>", CANARY) });
    const asked: string[] = [];
    const login = { type: "login", username: "0", password: new Secret("refresh") } as const;
    const config = await load(
      { ...file, credHelpers: { "https://b.azurecr.io/v2/": "tok" } },
      exchanging(login, asked),
    );
    expect(asked.sort()).toEqual([`b.azurecr.io ${CANARY}`, `team.azurecr.io ${CANARY}`]);
    expect(pairs(config)).toEqual({
      "a.io": `robot:${CANARY}`,
      "https://b.azurecr.io/v2/": "0:refresh",
      "team.azurecr.io": "0:refresh",
    });
  });

  test("that the token service refuses or can't be asked about ends the run, with the command that mends it", async () => {
    const refused = await refusal(load(file, exchanging({ type: "refused", words: "expired" })));
    expect([refused.code, refused.detail]).toEqual(["PC627", "for team.azurecr.io: expired"]);
    expect(refused.fix).toContain("az acr login --name team --expose-token");
    const away = await refusal(load(file, exchanging({ type: "unreachable", words: "ENOTFOUND" })));
    expect(away.code).toBe("PC628");
  });

  test.each([
    ["123.dkr.ecr.eu-west-1.amazonaws.com", "aws ecr get-login-password --region eu-west-1 |"],
    ["europe-docker.pkg.dev", "--username oauth2accesstoken"],
    ["eu.gcr.io", "--username oauth2accesstoken"],
    ["team.azurecr.cn", "--expose-token"],
    ["us.icr.io", "--username iamapikey"],
    ["fra.ocir.io", "TENANCY/USER --password-stdin < FILE-WITH-AN-AUTH-TOKEN"],
    ["reg.io:5000", "pullcast push --registry reg.io:5000 --username USER --password-stdin"],
    ["reg.io;$(id)", "pullcast push --registry HOST "],
  ])("of %s is left out with the command that makes a usable one", async (key, command) => {
    const config = await load({ auths: { [key]: { identitytoken: "t" }, a: { auth: AUTH } } });
    expect(told(config)[0]).toMatch(/^PC626 left out /);
    expect(told(config)[0]).toContain(command);
  });
});

describe("several sources", () => {
  const write = async (name: string, file: object) => {
    const path = join(dir, name);
    await writeFile(path, JSON.stringify(file), { mode: 0o600 });
    return { type: "file", path } as const;
  };
  const auth = (pair: string) => ({ auth: Buffer.from(pair).toString("base64") });

  test("merge: the later wins for the same key, unless kubelets can't use it", async () => {
    const first = await write("a", { auths: { "a.io": auth("u:1"), "b.io": auth("u:1") } });
    const legacy = await write("b", {
      "a.io": auth("u:2"),
      "b.io": auth("nocolon"),
      "c.io": auth("u:2"),
    });
    const config = await load({}, { source: { inputs: [first, legacy] } });
    expect(pairs(config)).toEqual({ "a.io": "u:2", "b.io": "u:1", "c.io": "u:2" });
    expect(told(config)).toEqual([
      `PC636 a.io: taken from ${dir}/b, not from ${dir}/a`,
      `PC636 b.io: taken from ${dir}/a, not from ${dir}/b, where its auth holds no colon`,
    ]);
    expect(config.source).toBe(`${dir}/a and ${dir}/b`);
    const back = await load({}, { source: { inputs: [legacy, first] } });
    expect(pairs(back)).toEqual({ "a.io": "u:1", "b.io": "u:1", "c.io": "u:2" });
  });

  test.each([
    ["p", "u:p"],
    ["p\n", "u:p"],
    ["p\r\n", "u:p"],
    ["p\n\n", "u:p\n"],
    [" p ", "u: p "],
  ])(
    "a password on standard input, %j, without the line break that echo writes",
    async (text, pair) => {
      const config = await load(
        {},
        {
          source: {
            inputs: [{ type: "login", registry: "reg.io:5000", username: "u" }],
            readStdin: async () => Buffer.from(text),
          },
        },
      );
      expect(pairs(config)).toEqual({ "reg.io:5000": pair });
    },
  );

  test("a Secret is read by its type, others are refused by name", async () => {
    const inputs = [{ type: "secret", namespace: "ci", name: "robot" }] as const;
    const reading = (type: string, text: string | undefined) =>
      load(
        {},
        {
          source: { inputs },
          context: {
            readSecret: async () => ({
              type,
              file: text === undefined ? undefined : new Secret<Uint8Array>(Buffer.from(text)),
            }),
          },
        },
      );
    const text = JSON.stringify({ "a.io": auth("u:1") });
    const config = await reading("kubernetes.io/dockercfg", text);
    expect([pairs(config), config.source]).toEqual([{ "a.io": "u:1" }, "secret ci/robot"]);
    const json = `{"auths":${text}}`;
    expect(pairs(await reading("kubernetes.io/dockerconfigjson", json))).toEqual({ "a.io": "u:1" });
    const opaque = await refusal(reading("Opaque", undefined));
    expect([opaque.code, opaque.detail]).toEqual([
      "PC631",
      "secret ci/robot is of the type Opaque",
    ]);
    expect((await refusal(reading("kubernetes.io/dockercfg", undefined))).code).toBe("PC602");
    const readSecret = async () => undefined;
    const gone = await refusal(load({}, { source: { inputs }, context: { readSecret } }));
    expect(gone.code).toBe("PC630");
  });
});

describe("--only and --except", () => {
  const auths = Object.fromEntries(
    ["https://index.docker.io/v1/", "reg.io", "reg.io/team", "b.reg.io:5000", "*.wild.io"].map(
      (key) => [key, { auth: AUTH }],
    ),
  );
  const sent = async (source: Partial<CredentialSource>) =>
    (await load({ auths }, { source })).entries;

  test.each([
    [{ only: ["reg.io"] }, ["reg.io", "reg.io/team"]],
    [{ only: ["docker.io"] }, ["https://index.docker.io/v1/"]],
    [{ only: ["reg.io/*"] }, ["reg.io/team"]],
    [{ only: ["*.reg.io:5000", "*.wild.io"] }, ["*.wild.io", "b.reg.io:5000"]],
    [{ only: ["REG.io"], except: ["reg.io/team"] }, ["reg.io"]],
    [{ except: ["reg.io", "*docker.io", "b.*"] }, ["*.wild.io"]],
  ])("%j sends %j", async (globs, keys) => {
    expect(await sent(globs)).toEqual(keys);
  });

  test("a glob of --only that means nothing is a slip, and nothing is sent", async () => {
    const error = await refusal(load({ auths }, { source: { only: ["reg.io", "rge.io"] } }));
    expect([error.code, error.detail]).toEqual(["PC632", "--only rge.io"]);
    const none = await refusal(load({ auths }, { source: { except: ["**"] } }));
    expect(none.code).toBe("PC632");
  });

  test("what is left out is listed, a glob of --except that means nothing is told", async () => {
    const config = await load({ auths }, { source: { except: ["reg.io", "x.io"] } });
    expect(told(config)).toEqual([
      "PC633 left out as asked: reg.io, reg.io/team",
      "PC632 --except x.io means no entry",
    ]);
    expect(config.leftOut).toMatchObject([
      { key: "reg.io", code: "PC633" },
      { key: "reg.io/team", code: "PC633" },
    ]);
  });
});
