import { AwsV4Signer } from "aws4fetch";
import { Secret } from "../secret.ts";
import { ownField } from "../util/own-field.ts";
import { parseJson } from "../util/parse-json.ts";
import { CloudFailure, post } from "./ask.ts";
import { type AwsKeys, awsEndpoint, awsKeys } from "./aws-identity.ts";
import { type EcrRegistry, ecrRegistry } from "./clouds.ts";
import type { CloudAnswer, CloudQuestion } from "./model.ts";

const TARGET = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";

/**
 * A login for Amazon ECR by the identity of this machine or pod.
 *
 * Source: Amazon ECR, GetAuthorizationToken.
 *
 * @throws {CloudFailure}
 */
export async function awsLogin(question: CloudQuestion): Promise<CloudAnswer> {
  const registry = ecrRegistry(question.registry);
  if (registry === undefined)
    throw new CloudFailure("it is no registry of ECR", { type: "no-identity" });
  const keys = await awsKeys(question, registry.region);
  const url = awsEndpoint(question, "ECR", ecrHost(registry));
  const body = "{}";
  const answer = await post(
    {
      ...{ url, body, headers: await sign(url, body, { keys, region: registry.region }) },
      secrets: [keys.secretAccessKey.reveal(), keys.sessionToken?.reveal() ?? ""].filter(Boolean),
    },
    question,
  );
  const [data] = [ownField(parseJson(answer.body), "authorizationData")].flat();
  const token = ownField(data, "authorizationToken");
  const [, password] =
    /^AWS:(.+)$/s.exec(Buffer.from(String(token ?? ""), "base64").toString()) ?? [];
  if (password === undefined) {
    throw new CloudFailure(`${url.host}: its answer has no authorizationToken`, {
      type: "unreachable",
    });
  }
  const end = Number(ownField(data, "expiresAt"));
  return {
    ...{ type: "login", username: "AWS", password: new Secret(password) },
    ...(end > 0 ? { expiresAt: new Date(end * 1000).toISOString() } : {}),
  };
}

function ecrHost({ region, isFips, isChina }: EcrRegistry): string {
  return `${isFips ? "ecr-fips" : "api.ecr"}.${region}.amazonaws.com${isChina ? ".cn" : ""}`;
}

async function sign(
  url: URL,
  body: string,
  { keys, region }: { readonly keys: AwsKeys; readonly region: string },
): Promise<Readonly<Record<string, string>>> {
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  const signer = new AwsV4Signer({
    ...{ url: url.href, method: "POST", body, service: "ecr", region, accessKeyId },
    ...{ secretAccessKey: secretAccessKey.reveal() },
    ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() }),
    headers: { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET },
  });
  const { headers } = await signer.sign();
  // As posts of others name it: two of one name would be two headers.
  const { "content-type": type = "", ...rest } = Object.fromEntries(headers);
  return { ...rest, "Content-Type": type };
}
