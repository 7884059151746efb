import { afterEach, expect, test } from "vitest";
import { loadCredentials } from "../../../agent/operations/load-credentials.ts";
import { AZURE_NAME, azureConfig, startScriptedAzure } from "../registry/scripted-azure.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((rig) => rig.close()));
});

const TOKEN = "Canary.refresh-token";

/** From a scripted registry of Azure's, behind a proxy of the environment. */
async function loadFromScriptedAzure(status: number) {
  const { proxyUrl, caFile, asked, close } = await startScriptedAzure(status);
  open.push({ close });
  const loading = loadCredentials(
    {
      inputs: [{ type: "stdin" }],
      readStdin: async () => Buffer.from(azureConfig(TOKEN)),
      env: { HTTPS_PROXY: proxyUrl },
      homeDir: "/nonexistent",
    },
    {
      kubectl: { program: "kubectl" },
      signal: new AbortController().signal,
      registryCa: caFile,
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
  const pair = Buffer.from(auths[AZURE_NAME]?.auth ?? "", "base64").toString();
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
