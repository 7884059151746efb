import { afterEach, expect, test } from "vitest";
import { exchangeIdentityToken } from "../../../agent/registry/exchange-identity-token.ts";
import { readCa } from "../../../agent/registry/reach.ts";
import { Secret } from "../../../agent/secret.ts";
import { connectProxy } from "./connect-proxy.ts";
import { type HttpsRig, httpsRig } from "./https-rig.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((rig) => rig.close()));
});

const NAME = "scripted.azurecr.io";
const TOKEN = "Canary.refresh/token+1";
const never = new AbortController().signal;

interface Script {
  /** Answers the token service gives, in order; the last one stays. */
  readonly answers: readonly (readonly [status: number, body: object])[];
}

/** A scripted registry of Azure's, no real one: shapes as in Azure's REST reference (accesstokens/get, 2019-08-15). */
async function scriptedAzure({ answers }: Script) {
  const forms: URLSearchParams[] = [];
  const rig: HttpsRig = await httpsRig(
    async (request, response) => {
      if (request.url === "/v2/") {
        const challenge = `Bearer realm="https://${NAME}/oauth2/token",service="${NAME}"`;
        return response.writeHead(401, { "WWW-Authenticate": challenge }).end();
      }
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      forms.push(new URLSearchParams(Buffer.concat(chunks).toString()));
      const [status, body] = answers[Math.min(forms.length, answers.length) - 1] ?? [500, {}];
      return response.writeHead(status).end(JSON.stringify(body));
    },
    { names: [NAME] },
  );
  const proxy = await connectProxy({ routes: { [`${NAME}:443`]: rig.port } });
  open.push(rig, proxy);
  const reach = { ca: await readCa(rig.caFile), proxy: { httpsProxy: proxy.url } };
  const exchange = () =>
    exchangeIdentityToken({
      registry: NAME,
      identityToken: new Secret(TOKEN),
      signal: never,
      ...reach,
    });
  return { rig, forms, exchange };
}

const REFUSAL = {
  errors: [
    {
      code: "UNAUTHORIZED",
      message:
        "authentication required, visit https://aka.ms/acr/authorization for more information.",
    },
  ],
};

test("Azure's identity token, once its scripted token service took it, is the password of the user 0…0", async () => {
  const { rig, forms, exchange } = await scriptedAzure({
    answers: [[200, { access_token: "a.b.c" }]],
  });
  const answer = await exchange();
  expect(answer).toMatchObject({ type: "login", username: "00000000-0000-0000-0000-000000000000" });
  expect(answer.type === "login" && answer.password.reveal()).toBe(TOKEN);
  expect(forms.map((form) => Object.fromEntries(form))).toEqual([
    { grant_type: "refresh_token", client_id: "pullcast", refresh_token: TOKEN, service: NAME },
  ]);
  expect(rig.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    "GET /v2/",
    "POST /oauth2/token",
  ]);
});

test("a token service that wants a scope gets one that needs no repository", async () => {
  const { forms, exchange } = await scriptedAzure({
    answers: [
      [400, {}],
      [200, { access_token: "a.b.c" }],
    ],
  });
  expect(await exchange()).toMatchObject({ type: "login" });
  expect(forms.map((form) => form.get("scope"))).toEqual([null, "registry:catalog:*"]);
});

test("a token that has ended is refused in the token service's words", async () => {
  const { exchange } = await scriptedAzure({ answers: [[401, REFUSAL]] });
  expect(await exchange()).toEqual({
    type: "refused",
    words: `HTTP 401: ${REFUSAL.errors[0]?.message}`,
  });
});

test("words that hold the token are left out", async () => {
  const { exchange } = await scriptedAzure({ answers: [[401, { error: `bad ${TOKEN}` }]] });
  expect(JSON.stringify(await exchange())).not.toContain(TOKEN);
});

test.each([
  "ghcr.io",
  "azurecr.io.evil.example",
  "evil.example/x.azurecr.io",
  "registry-1.docker.io",
])("the identity token of %s is sent to nobody", async (registry) => {
  const identityToken = new Secret(TOKEN);
  const proxy = await connectProxy({ routes: {} });
  open.push(proxy);
  const reach = { proxy: { httpsProxy: proxy.url } };
  const answer = await exchangeIdentityToken({ registry, identityToken, signal: never, ...reach });
  expect(answer).toEqual({ type: "unsupported" });
  expect(proxy.tunnels).toEqual([]);
});

test("nobody there is unreachable", async () => {
  const proxy = await connectProxy({ routes: {} });
  open.push(proxy);
  const asked = { registry: NAME, identityToken: new Secret(TOKEN), signal: never };
  expect(await exchangeIdentityToken({ ...asked, proxy: { httpsProxy: proxy.url } })).toMatchObject(
    { type: "unreachable", words: expect.stringContaining("HTTP 502") },
  );
});
