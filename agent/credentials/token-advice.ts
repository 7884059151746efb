import { ACR_HOST, ACR_USER } from "../acr.ts";
import { registryOf } from "./keys.ts";

/** By registry: what prints a password that kubelets can use, and the user that goes with it. */
const ADVICE: readonly (readonly [
  registry: RegExp,
  command: (match: RegExpExecArray) => string,
])[] = [
  [
    /^\d+\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com|on\.aws)/,
    ([host, region]) =>
      `aws ecr get-login-password --region ${region} | ${login(host, "AWS")} --password-stdin`,
  ],
  [
    /^public\.ecr\.aws$/,
    ([host]) =>
      `aws ecr-public get-login-password --region us-east-1 | ${login(host, "AWS")} --password-stdin`,
  ],
  [
    /^(?:[a-z.]*gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)$/,
    ([host]) =>
      `gcloud auth print-access-token | ${login(host, "oauth2accesstoken")} --password-stdin`,
  ],
  [
    ACR_HOST,
    ([host, name]) =>
      `az acr login --name ${name} --expose-token --output tsv --query accessToken | ${login(host, ACR_USER)} --password-stdin`,
  ],
  [
    /^(?:[a-z0-9-]+\.)*icr\.io$/,
    ([host]) => `${login(host, "iamapikey")} --password-stdin < FILE-WITH-THE-API-KEY`,
  ],
  [
    /^[a-z0-9-]+\.ocir\.io$/,
    ([host]) => `${login(host, "TENANCY/USER")} --password-stdin < FILE-WITH-AN-AUTH-TOKEN`,
  ],
];

/** The command that makes of a login at this registry one that a kubelet can use, instead of an identity token. */
export function tokenAdvice(key: string): string {
  const registry = registryOf(key);
  for (const [pattern, command] of ADVICE) {
    const match = pattern.exec(registry);
    if (match !== null) return command(match);
  }
  // The command will be pasted into a shell: a key may be anything.
  const host = /^[a-z0-9.:-]+$/.test(registry) ? registry : "HOST";
  return `${login(host, "USER")} --password-stdin < FILE-WITH-A-PASSWORD-OR-ACCESS-TOKEN`;
}

function login(host: string | undefined, user: string): string {
  return `pullcast push --registry ${host} --username ${user}`;
}
