import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cloudLogin } from "../../../agent/cloud/cloud-login.ts";
import { cloudOf } from "../../../agent/cloud/clouds.ts";
import type { CloudAnswer } from "../../../agent/cloud/model.ts";
import {
  type CloudScript,
  isSignedBy,
  type ScriptedClouds,
  scriptedClouds,
} from "./scripted-clouds.ts";

const STS = "sts.eu-west-1.amazonaws.com";
const ECR = "api.ecr.eu-west-1.amazonaws.com";
const ECR_REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const ENTRA = "login.microsoftonline.com";
const AZURE_REGISTRY = "scripted.azurecr.io";
const GOOGLE_STS = "sts.googleapis.com";
const GOOGLE_IAM = "iamcredentials.googleapis.com";
const NAMES = [STS, ECR, ENTRA, AZURE_REGISTRY, GOOGLE_STS, GOOGLE_IAM];
const CANARY = "Canary-9d1c-identity";
const never = new AbortController().signal;

let dir: string;
let tokenFile: string;
let clouds: ScriptedClouds | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-cloud-"));
  tokenFile = join(dir, "token");
  await writeFile(tokenFile, `${CANARY}\n`, { mode: 0o600 });
});
afterEach(async () => {
  await clouds?.close();
  clouds = undefined;
  await rm(dir, { recursive: true, force: true });
});

async function ask(
  registry: string,
  env: Readonly<Record<string, string>> | ((beside: string) => Readonly<Record<string, string>>),
  script: CloudScript,
) {
  clouds = await scriptedClouds(NAMES, script);
  const named = typeof env === "function" ? env(clouds.beside) : env;
  const { reach } = clouds;
  return await cloudLogin({ registry, env: named, reach, signal: never });
}

const lines = () => clouds?.requests.map(({ line }) => line);
const form = (index: number) =>
  Object.fromEntries(new URLSearchParams(clouds?.requests[index]?.body));
const password = (answer: CloudAnswer) =>
  answer.type === "login" ? answer.password.reveal() : answer.type;

const KEYS = { id: "ASIAEXAMPLE", secret: "secret/Key+1", session: "session+Token/1==" };
const ecrAnswer = () =>
  JSON.stringify({
    authorizationData: [
      {
        authorizationToken: Buffer.from("AWS:ecr-password").toString("base64"),
        expiresAt: 1_900_000_000.25,
        proxyEndpoint: `https://${ECR_REGISTRY}`,
      },
    ],
  });

describe("AWS", () => {
  const identity = {
    AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/puller",
    get AWS_WEB_IDENTITY_TOKEN_FILE() {
      return tokenFile;
    },
  };
  const assumed = `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
    <AccessKeyId>${KEYS.id}</AccessKeyId><SecretAccessKey>${KEYS.secret}</SecretAccessKey>
    <SessionToken>${KEYS.session}</SessionToken><Expiration>2026-01-01T00:00:00Z</Expiration>
    </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;

  test("a service account's role gives a login, by a request that is signed as ECR checks it", async () => {
    const answer = await ask(ECR_REGISTRY, { ...identity }, ({ line }) =>
      line.includes(STS) ? [200, assumed] : [200, ecrAnswer()],
    );
    expect(answer).toMatchObject({
      ...{ type: "login", username: "AWS", expiresAt: "2030-03-17T17:46:40.250Z" },
    });
    expect(password(answer)).toBe("ecr-password");
    expect(lines()).toEqual([`POST ${STS}/`, `POST ${ECR}/`]);
    expect(form(0)).toEqual({
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: identity.AWS_ROLE_ARN,
      RoleSessionName: "pullcast",
      WebIdentityToken: CANARY,
    });
    const signed = clouds?.requests[1];
    expect(signed?.headers).toMatchObject({
      "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
      "content-type": "application/x-amz-json-1.1",
      "x-amz-security-token": KEYS.session,
    });
    const how = { region: "eu-west-1", service: "ecr" };
    expect(signed && isSignedBy(signed, { ...how, secret: KEYS.secret })).toBe(true);
    expect(signed && isSignedBy(signed, { ...how, secret: "another" })).toBe(false);
  });

  test("a refusal is told in the cloud's words, never with the token", async () => {
    const answer = await ask(ECR_REGISTRY, { ...identity }, () => [
      400,
      JSON.stringify({ message: `no trust for ${CANARY}` }),
    ]);
    expect(answer.type).toBe("refused");
    expect(JSON.stringify(answer)).not.toContain(CANARY);
  });

  test("a cloud that has trouble is asked again another time", async () => {
    const answer = await ask(ECR_REGISTRY, { ...identity }, () => [503, "busy"]);
    expect(answer).toMatchObject({ type: "unreachable", words: `${STS}: HTTP 503` });
  });

  test("a pod's identity agent is asked with the pod's token", async () => {
    const body = JSON.stringify({
      ...{ AccessKeyId: KEYS.id, SecretAccessKey: KEYS.secret, Token: KEYS.session },
    });
    const answer = await ask(
      ECR_REGISTRY,
      (beside) => ({
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${beside}/v1/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
      }),
      ({ line }) => (line.includes("beside") ? [200, body] : [200, ecrAnswer()]),
    );
    expect(password(answer)).toBe("ecr-password");
    expect(clouds?.requests[0]?.headers["authorization"]).toBe(CANARY);
  });

  test("keys by plain HTTP from elsewhere are not taken", async () => {
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://example.com/credentials" };
    expect(await ask(ECR_REGISTRY, env, () => [200, "{}"])).toMatchObject({ type: "no-identity" });
    expect(lines()).toEqual([]);
  });

  test("a machine's role comes by a session of its metadata service", async () => {
    const role = JSON.stringify({
      ...{ AccessKeyId: KEYS.id, SecretAccessKey: KEYS.secret, Token: KEYS.session },
    });
    const answer = await ask(
      ECR_REGISTRY,
      (beside) => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://${beside}` }),
      ({ line, headers }) => {
        if (line.startsWith("PUT")) return [200, "session-1"];
        if (line.includes(ECR)) return [200, ecrAnswer()];
        if (headers["x-aws-ec2-metadata-token"] !== "session-1") return [401, ""];
        return [200, line.endsWith("/puller") ? role : "puller\n"];
      },
    );
    expect(password(answer)).toBe("ecr-password");
  });

  test("without any identity it is said", async () => {
    const env = { AWS_EC2_METADATA_DISABLED: "true" };
    expect(await ask(ECR_REGISTRY, env, () => [200, ""])).toMatchObject({ type: "no-identity" });
  });
});

describe("Google", () => {
  const registry = "europe-docker.pkg.dev";

  test("the metadata server's token is a login, with its end", async () => {
    const answer = await ask(
      registry,
      (beside) => ({ GCE_METADATA_HOST: beside }),
      ({ headers }) =>
        headers["metadata-flavor"] === "Google"
          ? [200, '{"access_token":"ya29.x","expires_in":600}', { "Metadata-Flavor": "Google" }]
          : [403, ""],
    );
    expect(answer).toMatchObject({ type: "login", username: "oauth2accesstoken" });
    expect(password(answer)).toBe("ya29.x");
    const end = answer.type === "login" ? Date.parse(answer.expiresAt ?? "") : Number.NaN;
    expect(end - Date.now()).toBeGreaterThan(550_000);
    expect(end - Date.now()).toBeLessThanOrEqual(600_000);
  });

  test("who answers in its place without its header is not believed", async () => {
    const answer = await ask(
      registry,
      (beside) => ({ GCE_METADATA_HOST: beside }),
      () => [200, '{"access_token":"evil","expires_in":600}'],
    );
    expect(answer.type).toBe("unreachable");
  });

  test("an external account's token is exchanged, then a service account taken on", async () => {
    const settings = join(dir, "external.json");
    const subject = join(dir, "subject.json");
    await writeFile(subject, JSON.stringify({ id_token: CANARY }));
    const audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p";
    await writeFile(
      settings,
      JSON.stringify({
        type: "external_account",
        audience,
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        token_url: `https://${GOOGLE_STS}/v1/token`,
        service_account_impersonation_url: `https://${GOOGLE_IAM}/v1/projects/-/sa:generateAccessToken`,
        credential_source: {
          file: subject,
          format: { type: "json", subject_token_field_name: "id_token" },
        },
      }),
    );
    const env = { GOOGLE_APPLICATION_CREDENTIALS: settings };
    const answer = await ask(registry, env, ({ line }) =>
      line.includes(GOOGLE_STS)
        ? [200, '{"access_token":"federated","expires_in":3600}']
        : [200, '{"accessToken":"ya29.sa","expireTime":"2030-01-01T00:00:00Z"}'],
    );
    expect(password(answer)).toBe("ya29.sa");
    expect(answer).toMatchObject({ expiresAt: "2030-01-01T00:00:00Z" });
    expect(form(0)).toMatchObject({ audience, subject_token: CANARY });
    expect(clouds?.requests[1]?.headers["authorization"]).toBe("Bearer federated");
  });

  test("a key of a service account is no identity: it says what to do with it", async () => {
    const key = join(dir, "key.json");
    await writeFile(key, JSON.stringify({ type: "service_account", private_key: CANARY }));
    const answer = await ask(registry, { GOOGLE_APPLICATION_CREDENTIALS: key }, () => [200, ""]);
    expect(answer).toMatchObject({
      type: "no-identity",
      words: expect.stringContaining("_json_key") as string,
    });
  });
});

describe("Azure", () => {
  test("a pod's federated token becomes one of Entra ID, and that the registry's", async () => {
    const env = {
      ...{ AZURE_CLIENT_ID: "client-1", AZURE_TENANT_ID: "tenant-1" },
      AZURE_FEDERATED_TOKEN_FILE: tokenFile,
    };
    const answer = await ask(AZURE_REGISTRY, env, ({ line }) =>
      line.includes(ENTRA)
        ? [200, '{"access_token":"entra","expires_in":3599}']
        : [200, '{"refresh_token":"acr-refresh"}'],
    );
    expect(answer).toMatchObject({ username: "00000000-0000-0000-0000-000000000000" });
    expect(password(answer)).toBe("acr-refresh");
    expect(lines()).toEqual([
      `POST ${ENTRA}/tenant-1/oauth2/v2.0/token`,
      `POST ${AZURE_REGISTRY}/oauth2/exchange`,
    ]);
    expect(form(0)).toMatchObject({
      ...{ grant_type: "client_credentials", client_id: "client-1", client_assertion: CANARY },
      scope: "https://containerregistry.azure.net/.default",
    });
    expect(form(1)).toEqual({
      ...{ grant_type: "access_token", service: AZURE_REGISTRY, tenant: "tenant-1" },
      access_token: "entra",
    });
  });

  test("a machine's managed identity comes from its metadata service", async () => {
    const answer = await ask(
      AZURE_REGISTRY,
      (beside) => ({ AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://${beside}` }),
      ({ line, headers }) => {
        if (!line.includes("beside")) return [200, '{"refresh_token":"acr-refresh"}'];
        return headers["metadata"] === "true" ? [200, '{"access_token":"entra"}'] : [400, ""];
      },
    );
    expect(password(answer)).toBe("acr-refresh");
  });
});

test("a registry's cloud is known by its host alone", () => {
  expect(
    [
      ECR_REGISTRY,
      "123456789012.dkr-ecr.eu-west-1.on.aws",
      "eu.gcr.io",
      "europe-west1-docker.pkg.dev",
      "team.azurecr.io",
      "gcr.io.example.com",
      "registry.example.com",
      "123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.com",
    ].map(cloudOf),
  ).toEqual(["aws", "aws", "google", "google", "azure", undefined, undefined, undefined]);
});
