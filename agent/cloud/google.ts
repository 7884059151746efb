import { Secret } from "../secret.ts";
import { ownField } from "../util/own-field.ts";
import { parseJson } from "../util/parse-json.ts";
import {
  askBeside,
  CloudFailure,
  endOfAnswer,
  namedUrl,
  post,
  readIdentity,
  textField,
} from "./ask.ts";
import type { CloudAnswer, CloudQuestion } from "./model.ts";

const USER = "oauth2accesstoken";
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const FLAVOR = { "Metadata-Flavor": "Google" };

/**
 * A login for Artifact Registry and Container Registry by the identity of this machine or pod: workload identity
 * federation where GOOGLE_APPLICATION_CREDENTIALS names its settings, else the metadata server (GKE's workload
 * identity, a machine's service account).
 *
 * Sources: Artifact Registry, authentication by access token; AIP-4117 (external accounts); RFC 8693.
 *
 * @throws {CloudFailure}
 */
export async function googleLogin(question: CloudQuestion): Promise<CloudAnswer> {
  const settings = question.env["GOOGLE_APPLICATION_CREDENTIALS"];
  const { token, ...end } = settings
    ? await federated(question, settings)
    : await fromMetadata(question);
  return { type: "login", username: USER, password: new Secret(token), ...end };
}

interface Token {
  readonly token: string;
  readonly expiresAt?: string;
}

async function fromMetadata(question: CloudQuestion): Promise<Token> {
  const host = question.env["GCE_METADATA_HOST"] || "metadata.google.internal";
  const path = "/computeMetadata/v1/instance/service-accounts/default/token";
  const url = namedUrl(`http://${host}${path}`, "GCE_METADATA_HOST");
  const answer = await askBeside(url, { headers: FLAVOR }, question);
  // Whoever else answers at that name must not be believed.
  if (answer.headers["metadata-flavor"] !== "Google") {
    throw new CloudFailure(`${url.host} is no metadata server of Google's`, {
      type: "unreachable",
    });
  }
  return { token: textField(answer, "access_token", url), ...endOfAnswer(answer) };
}

async function federated(question: CloudQuestion, path: string): Promise<Token> {
  const setting = "GOOGLE_APPLICATION_CREDENTIALS";
  const settings = parseJson(await readIdentity(path, setting));
  const type = ownField(settings, "type");
  if (type !== "external_account") {
    const fix = "send a service account's key as it is: --registry HOST --username _json_key";
    throw new CloudFailure(`${path} is of the type ${String(type)}; ${fix}`, {
      type: "no-identity",
    });
  }
  const text = (name: string) => {
    const value = ownField(settings, name);
    if (typeof value === "string") return value;
    throw new CloudFailure(`${path} has no ${name}`, { type: "no-identity" });
  };
  const subject = await subjectToken(settings, path);
  const url = namedUrl(text("token_url"), "token_url");
  const body = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    audience: text("audience"),
    scope: SCOPE,
    subject_token_type: text("subject_token_type"),
    subject_token: subject,
  });
  const answer = await post({ url, body: String(body), secrets: [subject] }, question);
  const token = textField(answer, "access_token", url);
  const account = ownField(settings, "service_account_impersonation_url");
  if (typeof account !== "string") return { token, ...endOfAnswer(answer) };
  return await impersonated(namedUrl(account, "service_account_impersonation_url"), {
    token,
    question,
  });
}

async function subjectToken(settings: unknown, path: string): Promise<string> {
  const source = ownField(settings, "credential_source");
  const file = ownField(source, "file");
  if (typeof file !== "string") {
    throw new CloudFailure(`${path}: only a credential_source with a file is read`, {
      type: "no-identity",
    });
  }
  const text = await readIdentity(file, "credential_source");
  const format = ownField(source, "format");
  if (ownField(format, "type") !== "json") return text;
  const name = String(ownField(format, "subject_token_field_name"));
  const token = ownField(parseJson(text), name);
  if (typeof token === "string") return token;
  throw new CloudFailure(`${file} has no ${name}`, { type: "no-identity" });
}

async function impersonated(
  url: URL,
  { token, question }: { readonly token: string; readonly question: CloudQuestion },
): Promise<Token> {
  const answer = await post(
    {
      ...{ url, body: JSON.stringify({ scope: [SCOPE] }), secrets: [token] },
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    },
    question,
  );
  return {
    token: textField(answer, "accessToken", url),
    expiresAt: textField(answer, "expireTime", url),
  };
}
