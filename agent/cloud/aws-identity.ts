import { bareHost, isLoopback } from "../registry/proxy.ts";
import { Secret } from "../secret.ts";
import { askBeside, CloudFailure, namedUrl, post, readIdentity, textField } from "./ask.ts";
import type { CloudQuestion } from "./model.ts";

/** What signs requests to AWS. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
}

/**
 * The keys of this machine's or pod's identity, in the order of AWS's own libraries: the environment, a web identity
 * (IAM roles for service accounts), a container's agent (EKS Pod Identity, ECS), the machine's role (IMDSv2).
 *
 * Sources: AWS SDKs and Tools, "Standardized credential providers"; STS, AssumeRoleWithWebIdentity.
 *
 * @throws {CloudFailure}
 */
export async function awsKeys(question: CloudQuestion, region: string): Promise<AwsKeys> {
  const { env } = question;
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key, AWS_SESSION_TOKEN: session } = env;
  if (id && key) {
    return {
      accessKeyId: id,
      secretAccessKey: new Secret(key),
      ...(session ? { sessionToken: new Secret(session) } : {}),
    };
  }
  if (env["AWS_WEB_IDENTITY_TOKEN_FILE"]) return await webIdentity(question, region);
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: full, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path } =
    env;
  if (full) return await containerKeys(question, full);
  if (path) return await containerKeys(question, `http://169.254.170.2${path}`);
  return await machineKeys(question);
}

/** A region's endpoint of a service, or what the environment names instead. */
export function awsEndpoint(
  { env }: Pick<CloudQuestion, "env">,
  service: "STS" | "ECR",
  usual: string,
): URL {
  const setting = `AWS_ENDPOINT_URL_${service}`;
  const named = env[setting] || env["AWS_ENDPOINT_URL"];
  return named ? namedUrl(named, setting) : new URL(`https://${usual}/`);
}

async function webIdentity(question: CloudQuestion, region: string): Promise<AwsKeys> {
  const { env } = question;
  const role = env["AWS_ROLE_ARN"];
  if (!role) throw new CloudFailure("AWS_ROLE_ARN is not set", { type: "no-identity" });
  const setting = "AWS_WEB_IDENTITY_TOKEN_FILE";
  const token = await readIdentity(env[setting] ?? "", setting);
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const url = awsEndpoint(question, "STS", `sts.${region}.${domain}`);
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: role,
    RoleSessionName: env["AWS_ROLE_SESSION_NAME"] || "pullcast",
    WebIdentityToken: token,
  });
  const answer = await post({ url, body: String(body), secrets: [token] }, question);
  const field = (name: string) => {
    const [, value] = new RegExp(`<${name}>([^<]+)</${name}>`).exec(answer.body) ?? [];
    if (value !== undefined) return value;
    throw new CloudFailure(`${url.host}: its answer has no ${name}`, { type: "unreachable" });
  };
  return keysOf(field, "SessionToken");
}

function keysOf(field: (name: string) => string, session: string): AwsKeys {
  return {
    accessKeyId: field("AccessKeyId"),
    secretAccessKey: new Secret(field("SecretAccessKey")),
    sessionToken: new Secret(field(session)),
  };
}

async function containerKeys(question: CloudQuestion, address: string): Promise<AwsKeys> {
  const { env } = question;
  const url = namedUrl(address, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!isTrusted(url)) {
    // Keys by plain HTTP from anywhere would be anybody's.
    throw new CloudFailure(`${url.origin} is neither HTTPS nor a container's agent`, {
      type: "no-identity",
    });
  }
  const setting = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
  const token = env[setting]
    ? await readIdentity(env[setting], setting)
    : env["AWS_CONTAINER_AUTHORIZATION_TOKEN"];
  const asked = { headers: token ? { Authorization: token } : {}, secrets: token ? [token] : [] };
  const answer = await askBeside(url, asked, question);
  return keysOf((name) => textField(answer, name, url), "Token");
}

/** Loopback, and the agents of ECS and EKS (AWS SDKs and Tools, "Container credential provider"). */
const AGENTS: readonly string[] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

function isTrusted(url: URL): boolean {
  const host = bareHost(url);
  if (url.protocol === "https:" || host === "localhost" || AGENTS.includes(host)) return true;
  return isLoopback(host);
}

const SESSION_SECONDS = "300";

async function machineKeys(question: CloudQuestion): Promise<AwsKeys> {
  const { env } = question;
  if (env["AWS_EC2_METADATA_DISABLED"]?.toLowerCase() === "true") {
    throw new CloudFailure("neither AWS_* in the environment nor instance metadata", {
      type: "no-identity",
    });
  }
  const setting = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
  const base = namedUrl(env[setting] || "http://169.254.169.254", setting);
  const at = (path: string) => new URL(`/latest/${path}`, base);
  const session = await askBeside(
    at("api/token"),
    { method: "PUT", headers: { "X-aws-ec2-metadata-token-ttl-seconds": SESSION_SECONDS } },
    question,
  );
  const asked = {
    headers: { "X-aws-ec2-metadata-token": session.body },
    secrets: [session.body],
  };
  const roles = at("meta-data/iam/security-credentials/");
  const [role = ""] = (await askBeside(roles, asked, question)).body.trim().split("\n");
  const url = at(`meta-data/iam/security-credentials/${encodeURIComponent(role)}`);
  const answer = await askBeside(url, asked, question);
  return keysOf((name) => textField(answer, name, url), "Token");
}
