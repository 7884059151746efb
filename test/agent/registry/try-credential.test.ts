import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { readCa } from "../../../agent/registry/reach.ts";
import { parseReference } from "../../../agent/registry/reference.ts";
import { type CredentialTrial, tryCredential } from "../../../agent/registry/try-credential.ts";
import { Secret } from "../../../agent/secret.ts";
import { connectProxy } from "./connect-proxy.ts";
import type { HttpsRig } from "./https-rig.ts";
import { deny, scriptedRegistry } from "./scripted-registry.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((rig) => rig.close()));
});

const PASSWORD = "Canary-p4ss/word+1";
const never = new AbortController().signal;
const USERS = {
  puller: { password: PASSWORD, may: { "team/app": ["pull"], "team/none": ["pull"] } },
  pusher: { password: PASSWORD, may: { "team/app": ["pull", "push"] } },
  nobody: { password: PASSWORD, may: {} },
};

async function registry(script: Partial<Parameters<typeof scriptedRegistry>[0]> = {}) {
  const rig = await scriptedRegistry({ users: USERS, ...script });
  open.push(rig);
  return rig;
}

const login = (user: string, password = PASSWORD) =>
  new Secret(Buffer.from(`${user}:${password}`).toString("base64"));

interface TryOptions {
  readonly user?: string;
  readonly password?: string;
  /** Repository and tag. */
  readonly image?: string;
  readonly timeoutMs?: number;
}

async function attempt(rig: HttpsRig, options: TryOptions = {}): Promise<CredentialTrial> {
  const { user = "puller", password, image, timeoutMs } = options;
  return await tryCredential({
    registry: rig.host,
    auth: login(user, password),
    ca: await readCa(rig.caFile),
    signal: never,
    ...(image === undefined ? {} : { image: parseReference(`${rig.host}/${image}`) }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

const sentLogin = ({ requests }: HttpsRig) =>
  requests.filter(({ authorization }) => authorization?.startsWith("Basic"));

test.each(["token", "basic"] as const)(
  "a login that a %s registry takes is valid",
  async (auth) => {
    const rig = await registry({ auth });
    expect(await attempt(rig)).toEqual({
      result: "valid",
      words: "it took the login",
      mayPush: "unknown",
      missingActions: [],
    });
  },
);

test.each(["token", "basic"] as const)(
  "a wrong password at a %s registry is denied, in its words",
  async (auth) => {
    const rig = await registry({ auth });
    const words = auth === "token" ? "incorrect user or password" : "authentication required";
    expect(await attempt(rig, { password: "wrong" })).toMatchObject({
      result: "denied",
      words: `HTTP 401: ${words}`,
    });
  },
);

test.each(["token", "basic"] as const)(
  "an image of a %s registry: there, not there, not for this login",
  async (auth) => {
    const rig = await registry({ auth });
    expect(await attempt(rig, { image: "team/app:1" })).toMatchObject({
      result: "valid",
      image: "found",
    });
    expect(await attempt(rig, { image: "team/none:1" })).toMatchObject({
      result: "valid",
      image: "not-found",
    });
    expect(await attempt(rig, { user: "nobody", image: "team/app:1" })).toMatchObject({
      result: "denied",
      image: "denied",
      words: "HTTP 403: requested access is denied",
    });
  },
);

test("the manifest is asked for by HEAD, which is no pull", async () => {
  const rig = await registry();
  await attempt(rig, { image: "team/app:1" });
  const manifests = rig.requests.filter(({ url }) => url.includes("/manifests/"));
  expect(manifests.map(({ method }) => method)).toEqual(["HEAD"]);
});

test.each([
  ["puller", {}, false],
  ["pusher", {}, true],
  ["pusher", { opaque: true }, "unknown"],
  ["pusher", { auth: "basic" }, "unknown"],
] as const)("whether %s may push, %j: %s", async (user, script, mayPush) => {
  const rig = await registry(script);
  expect(await attempt(rig, { user, image: "team/app:1" })).toMatchObject({
    result: "valid",
    mayPush,
  });
});

test("a token service that refuses the wider scope says that the login may not push", async () => {
  const rig = await registry({
    opaque: true,
    first: ({ url = "" }, response) => {
      if (!url.includes("push")) return false;
      deny(response, 403, "access forbidden");
      return true;
    },
  });
  expect(await attempt(rig, { image: "team/app:1" })).toMatchObject({ mayPush: false });
});

test("a registry's word that the login has expired, and the action that IAM misses (shapes recorded from ECR)", async () => {
  const say = (status: number, words: string) =>
    registry({
      auth: "basic",
      first: ({ headers }, response) => {
        if (headers.authorization === undefined) return false;
        deny(response, status, words);
        return true;
      },
    });
  const expired = await say(
    403,
    "Your authorization token has expired. Reauthenticate and try again.",
  );
  expect(await attempt(expired)).toMatchObject({ result: "expired" });
  const words =
    "User: arn:aws:iam::123456789012:user/puller is not authorized to perform: ecr:BatchGetImage on resource: " +
    "arn:aws:ecr:eu-west-1:123456789012:repository/team/app because no identity-based policy allows the ecr:BatchGetImage action";
  expect(await attempt(await say(403, words))).toMatchObject({
    result: "denied",
    missingActions: ["ecr:BatchGetImage"],
  });
});

test.each([
  [429, "not-tried"],
  [500, "unreachable"],
  [503, "unreachable"],
] as const)("HTTP %i to a login tells nothing about the login", async (status, result) => {
  const rig = await registry({
    auth: "basic",
    first: ({ headers }, response) => {
      if (headers.authorization === undefined) return false;
      response.writeHead(status).end();
      return true;
    },
  });
  expect(await attempt(rig)).toMatchObject({ result });
});

test("a registry that asks nobody for a login isn't sent one", async () => {
  const rig = await registry({
    first: (_, response) => {
      response.end("{}");
      return true;
    },
  });
  expect(await attempt(rig)).toMatchObject({ result: "not-tried" });
  expect(await attempt(rig, { image: "team/app:1" })).toMatchObject({ result: "not-tried" });
  expect(sentLogin(rig)).toEqual([]);
});

test("what is no registry, nobody, or too slow is unreachable", async () => {
  const rig = await registry({ first: (_, response) => !!response.writeHead(404).end("<html>") });
  expect(await attempt(rig)).toMatchObject({
    result: "unreachable",
    words: "it answered HTTP 404, as no registry does",
  });
  const silent = await registry({ first: () => true });
  expect(await attempt(silent, { timeoutMs: 300 })).toMatchObject({
    result: "unreachable",
    words: "it did not answer in time",
  });
  const gone = await registry();
  await gone.close();
  const answer = await tryCredential({ registry: gone.host, auth: login("puller"), signal: never });
  expect(answer).toMatchObject({
    result: "unreachable",
    words: expect.stringContaining("ECONNREFUSED"),
  });
});

test("an untrusted certificate gets no login", async () => {
  const rig = await registry({ auth: "basic" });
  const answer = await tryCredential({ registry: rig.host, auth: login("puller"), signal: never });
  expect(answer).toMatchObject({
    result: "unreachable",
    words: expect.stringContaining("certificate"),
  });
  expect(rig.requests).toEqual([]);
});

test("a registry of plain HTTP gets no login, and is told as such", async () => {
  const seen: unknown[] = [];
  const plain = createServer((request, response) => {
    seen.push(request.headers);
    response.end();
  });
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const { port } = plain.address() as AddressInfo;
  try {
    const asked = { registry: `127.0.0.1:${port}`, auth: login("puller"), signal: never };
    expect(await tryCredential(asked)).toMatchObject({
      result: "unreachable",
      words: "it does not speak TLS: plain HTTP is not used",
    });
    expect(seen).toEqual([]);
  } finally {
    plain.close();
  }
});

test("an abort ends it", async () => {
  const silent = await registry({ first: () => true });
  const stop = new AbortController();
  const asked = tryCredential({
    registry: silent.host,
    auth: login("puller"),
    ca: await readCa(silent.caFile),
    signal: stop.signal,
  });
  stop.abort(new Error("stopped"));
  await expect(asked).rejects.toThrow("stopped");
});

/** Registries under names of their own: a proxy leads each name to its server. */
async function named(hosts: Readonly<Record<string, HttpsRig>>) {
  const routes = Object.fromEntries(
    Object.entries(hosts).map(([name, { port }]) => [`${name}:443`, port]),
  );
  const proxy = await connectProxy({ routes });
  open.push(proxy);
  const ca = (await Promise.all(Object.values(hosts).map(({ caFile }) => readCa(caFile)))).join(
    "\n",
  );
  return { proxy, reach: { ca, proxy: { httpsProxy: proxy.url } } };
}

test.each(["docker.io", "index.docker.io", "registry-1.docker.io"])(
  "Docker Hub as %s: its API and its token service have hosts of their own",
  async (name) => {
    const auth = await registry({ names: ["auth.docker.io"] });
    const api = await registry({
      names: ["registry-1.docker.io"],
      realm: "https://auth.docker.io/token",
    });
    const { reach } = await named({ "registry-1.docker.io": api, "auth.docker.io": auth });
    const image = parseReference("team/app:1");
    const asked = { registry: name, auth: login("puller"), image, signal: never, ...reach };
    expect(await tryCredential(asked)).toMatchObject({ result: "valid", image: "found" });
    expect(sentLogin(api)).toEqual([]);
    expect(sentLogin(auth).length).toBeGreaterThan(0);
  },
);

test.each([
  ["plain HTTP", "http://evil.example/token"],
  ["an address", "https://127.0.0.1:PORT/token"],
  ["an IPv6 address", "https://[::1]:PORT/token"],
  ["localhost", "https://localhost:PORT/token"],
  ["a URL with a login", "https://a:b@evil.example/token"],
  ["no URL", "token"],
])("a realm that is %s gets no login", async (_, realm) => {
  const evil = await registry({ names: ["evil.example", "localhost"] });
  const rig = await registry({
    names: ["reg.example"],
    realm: realm.replace("PORT", String(evil.port)),
  });
  const { proxy, reach } = await named({ "reg.example": rig, "evil.example": evil });
  const asked = { registry: "reg.example", auth: login("puller"), signal: never, ...reach };
  expect(await tryCredential(asked)).toMatchObject({ result: "unreachable" });
  expect(evil.requests).toEqual([]);
  expect(sentLogin(rig)).toEqual([]);
  expect(proxy.tunnels.map(({ authority }) => authority)).not.toContain("evil.example:443");
});

test("a realm whose certificate nobody vouches for gets no login", async () => {
  const evil = await registry({ names: ["evil.example"] });
  const rig = await registry({ names: ["reg.example"], realm: "https://evil.example/token" });
  const { reach } = await named({ "reg.example": rig, "evil.example": evil });
  const ca = await readCa(rig.caFile);
  const asked = { registry: "reg.example", auth: login("puller"), signal: never, ...reach, ca };
  expect(await tryCredential(asked)).toMatchObject({ result: "unreachable" });
  expect(evil.requests).toEqual([]);
});

test("a registry that redirects before it asks for a login gets none, nor does the place it names", async () => {
  const evil = await registry({ names: ["evil.example"], auth: "basic" });
  const rig = await registry({
    names: ["reg.example"],
    first: (_, response) =>
      !!response.writeHead(307, { Location: "https://evil.example/v2/" }).end(),
  });
  const { reach } = await named({ "reg.example": rig, "evil.example": evil });
  const asked = { registry: "reg.example", auth: login("puller"), signal: never, ...reach };
  expect(await tryCredential(asked)).toMatchObject({ result: "not-tried" });
  expect(evil.requests).toEqual([]);
});

test("a token service's redirect isn't followed with the login", async () => {
  const evil = await registry({ names: ["evil.example"] });
  const rig = await registry({
    names: ["reg.example"],
    first: ({ url = "" }, response) =>
      url.startsWith("/token") &&
      !!response.writeHead(307, { Location: "https://evil.example/token" }).end(),
  });
  const { reach } = await named({ "reg.example": rig, "evil.example": evil });
  const asked = { registry: "reg.example", auth: login("puller"), signal: never, ...reach };
  expect(await tryCredential(asked)).toMatchObject({
    result: "unreachable",
    words: "it answered HTTP 307",
  });
  expect(evil.requests).toEqual([]);
});

test.each(["token", "basic"] as const)(
  "a manifest's redirect is followed without what the %s registry gave",
  async (auth) => {
    const store = await registry({
      names: ["store.example"],
      first: (_, response) => !!response.end("{}"),
    });
    const rig = await registry({
      names: ["reg.example"],
      auth,
      first: ({ url = "", headers }, response) =>
        url.includes("/manifests/") &&
        headers.authorization !== undefined &&
        !!response.writeHead(307, { Location: "https://store.example/blob" }).end(),
    });
    const { reach } = await named({ "reg.example": rig, "store.example": store });
    const image = parseReference("reg.example/team/app:1");
    const asked = {
      registry: "reg.example",
      auth: login("puller"),
      image,
      signal: never,
      ...reach,
    };
    expect(await tryCredential(asked)).toMatchObject({ result: "valid", image: "found" });
    expect(store.requests).toEqual([{ method: "HEAD", url: "/blob", authorization: undefined }]);
  },
);

test("words that hold the password, as it is or in disguise, are left out", async () => {
  const auth = Buffer.from(`puller:${PASSWORD}`).toString("base64");
  for (const echo of [PASSWORD, auth, `puller:${PASSWORD}`, encodeURIComponent(PASSWORD)]) {
    const rig = await registry({
      auth: "basic",
      first: ({ headers }, response) => {
        if (headers.authorization === undefined) return false;
        deny(response, 401, `no such login: ${echo}`);
        return true;
      },
    });
    const answer = await attempt(rig);
    expect(answer.result).toBe("denied");
    expect(JSON.stringify(answer)).not.toContain(echo);
  }
});
