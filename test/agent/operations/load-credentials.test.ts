import { afterEach, expect, test } from "vitest";
import { loadCredentials } from "../../../agent/operations/load-credentials.ts";
import { scriptedClouds } from "../cloud/scripted-clouds.ts";
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

test("a cloud's login stands beside others, with its end; one that can't be had ends the run", async () => {
  const end = "2030-01-01T00:00:00.000Z";
  const token = Buffer.from("AWS:ecr-password").toString("base64");
  let status = 200;
  const clouds = await scriptedClouds(["api.ecr.eu-west-1.amazonaws.com"], () => [
    status,
    JSON.stringify({
      authorizationData: [{ authorizationToken: token, expiresAt: Date.parse(end) / 1000 }],
    }),
  ]);
  open.push(clouds);
  const registry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
  const other = { auths: { "reg.example": { auth: "cm9ib3Q6cGFzcw==" } } };
  const load = (tellUnfetched: boolean) =>
    loadCredentials(
      {
        inputs: [{ type: "stdin" }, { type: "cloud", registry }],
        readStdin: async () => Buffer.from(JSON.stringify(other)),
        env: {
          ...{ AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "Canary" },
          HTTPS_PROXY: clouds.proxyUrl,
        },
        homeDir: "/nonexistent",
      },
      {
        kubectl: { program: "kubectl" },
        signal: new AbortController().signal,
        ...{ registryCa: clouds.caFile, tellUnfetched },
      },
    );
  const { entries, credentials } = await load(false);
  expect(entries).toEqual([registry, "reg.example"]);
  expect(credentials[0]).toMatchObject({ username: "AWS", expiresAt: end, kind: "ecr-token" });
  expect(credentials[0]).not.toHaveProperty("lifetime");
  status = 403;
  await expect(load(false)).rejects.toMatchObject({ code: "PC641" });
  const partly = await load(true);
  expect(partly.entries).toEqual(["reg.example"]);
  expect(partly.unfetched).toMatchObject([{ code: "PC641", key: registry }]);
});

test("a registry of no cloud has no identity to be asked by", async () => {
  const loading = loadCredentials(
    {
      inputs: [{ type: "cloud", registry: "reg.example" }],
      readStdin: async () => Buffer.alloc(0),
      ...{ env: {}, homeDir: "/nonexistent" },
    },
    { kubectl: { program: "kubectl" }, signal: new AbortController().signal },
  );
  await expect(loading).rejects.toMatchObject({ code: "PC001" });
});
