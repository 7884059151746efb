import { readFile } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import { loadCredentials } from "../../../agent/operations/load-credentials.ts";
import { connectProxy } from "../registry/connect-proxy.ts";
import { httpsRig } from "../registry/https-rig.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((rig) => rig.close()));
});

const NAME = "scripted.azurecr.io";
const TOKEN = "Canary.refresh-token";

/** A scripted registry of Azure's, no real one, behind a proxy of the environment. */
async function loadFromScriptedAzure(status: number) {
  const asked: (string | undefined)[] = [];
  const rig = await httpsRig(
    (request, response) => {
      asked.push(request.url);
      if (request.url !== "/v2/") return response.writeHead(status).end('{"access_token":"a.b.c"}');
      const challenge = `Bearer realm="https://${NAME}/oauth2/token",service="${NAME}"`;
      return response.writeHead(401, { "WWW-Authenticate": challenge }).end();
    },
    { names: [NAME] },
  );
  const proxy = await connectProxy({ routes: { [`${NAME}:443`]: rig.port } });
  open.push(rig, proxy);
  const user = Buffer.from("00000000-0000-0000-0000-000000000000:").toString("base64");
  // As `az acr login` leaves it.
  const file = { auths: { [NAME]: { auth: user, identitytoken: TOKEN } } };
  const loading = loadCredentials(
    {
      inputs: [{ type: "stdin" }],
      readStdin: async () => Buffer.from(JSON.stringify(file)),
      env: { HTTPS_PROXY: proxy.url },
      homeDir: "/nonexistent",
    },
    {
      kubectl: { program: "kubectl" },
      signal: new AbortController().signal,
      ca: await readFile(rig.caFile, "utf8"),
    },
  );
  return { asked, loading };
}

test("an identity token of a scripted Azure registry becomes the password of the user 0…0", async () => {
  const { asked, loading } = await loadFromScriptedAzure(200);
  const config = await loading;
  const { auths } = JSON.parse(Buffer.from(config.bytes.reveal()).toString()) as {
    auths: Record<string, { auth: string }>;
  };
  const pair = Buffer.from(auths[NAME]?.auth ?? "", "base64").toString();
  expect(pair).toBe(`00000000-0000-0000-0000-000000000000:${TOKEN}`);
  expect(asked).toEqual(["/v2/", "/oauth2/token"]);
  expect(JSON.stringify(config)).not.toContain(TOKEN);
});

test("one that its scripted token service refuses ends the run, with the command that makes another", async () => {
  const { loading } = await loadFromScriptedAzure(401);
  await expect(loading).rejects.toMatchObject({
    code: "PC627",
    fix: expect.stringContaining("az acr login --name scripted --expose-token"),
  });
});
