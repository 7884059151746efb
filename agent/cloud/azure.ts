import { ACR_USER } from "../acr.ts";
import { apiUrl } from "../registry/endpoint.ts";
import { Secret } from "../secret.ts";
import { askBeside, CloudFailure, namedUrl, post, readIdentity, textField } from "./ask.ts";
import type { CloudAnswer, CloudQuestion } from "./model.ts";

const RESOURCE = "https://containerregistry.azure.net";
const ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/**
 * A login for Azure Container Registry by the identity of this pod (workload identity) or machine (managed identity):
 * a token of Entra ID, which the registry exchanges for a refresh token of its own.
 *
 * Sources: Microsoft identity platform, client credentials with a federated credential; Azure Container Registry,
 * `POST /oauth2/exchange` (2019-08-15).
 *
 * @throws {CloudFailure}
 */
export async function azureLogin(question: CloudQuestion): Promise<CloudAnswer> {
  const { env, registry } = question;
  const access = env["AZURE_FEDERATED_TOKEN_FILE"]
    ? await federated(question)
    : await managed(question);
  const url = new URL("/oauth2/exchange", apiUrl(registry));
  const tenant = env["AZURE_TENANT_ID"];
  const body = new URLSearchParams({
    grant_type: "access_token",
    service: url.hostname,
    ...(tenant ? { tenant } : {}),
    access_token: access,
  });
  const answer = await post({ url, body: String(body), secrets: [access] }, question);
  const password = new Secret(textField(answer, "refresh_token", url));
  // Its end stands in the token.
  return { type: "login", username: ACR_USER, password };
}

async function federated(question: CloudQuestion): Promise<string> {
  const { env } = question;
  const { AZURE_CLIENT_ID: client, AZURE_TENANT_ID: tenant } = env;
  if (!(client && tenant)) {
    throw new CloudFailure("AZURE_CLIENT_ID and AZURE_TENANT_ID are not both set", {
      type: "no-identity",
    });
  }
  const setting = "AZURE_FEDERATED_TOKEN_FILE";
  const token = await readIdentity(env[setting] ?? "", setting);
  const authority = env["AZURE_AUTHORITY_HOST"] || "https://login.microsoftonline.com/";
  const path = `/${encodeURIComponent(tenant)}/oauth2/v2.0/token`;
  const url = new URL(path, namedUrl(authority, "AZURE_AUTHORITY_HOST"));
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: client,
    client_assertion_type: ASSERTION,
    client_assertion: token,
    scope: `${RESOURCE}/.default`,
  });
  const answer = await post({ url, body: String(body), secrets: [token] }, question);
  return textField(answer, "access_token", url);
}

async function managed(question: CloudQuestion): Promise<string> {
  const { env } = question;
  const setting = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
  const url = new URL(
    "/metadata/identity/oauth2/token",
    namedUrl(env[setting] || "http://169.254.169.254", setting),
  );
  url.searchParams.set("api-version", "2018-02-01");
  url.searchParams.set("resource", RESOURCE);
  const client = env["AZURE_CLIENT_ID"];
  if (client) url.searchParams.set("client_id", client);
  const answer = await askBeside(url, { headers: { Metadata: "true" } }, question);
  return textField(answer, "access_token", url);
}
