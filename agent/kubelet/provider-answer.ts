import { isUtf8 } from "node:buffer";
import type { Secret } from "../secret.ts";

/** A login for an answer: `auth` is padded base64 of `user:password`. */
interface AnswerLogin {
  /** As in `auths`. */
  readonly key: string;
  readonly auth: Secret<string>;
}

/** What a provider's program puts in place of `{"auths":` to make an answer of the file. */
export const ANSWER_HEAD =
  '{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1",' +
  '"cacheKeyType":"Image","cacheDuration":"0s","auth":';

/**
 * The file that a provider's program prints behind `ANSWER_HEAD`: a config.json of user names and passwords alone,
 * beginning with `{"auths":`, keys in the order given. The kubelet refuses an answer with any other field in it.
 *
 * Source: kubernetes pkg/credentialprovider/plugin/plugin.go (strict decoding) and
 * staging/src/k8s.io/kubelet/pkg/apis/credentialprovider/v1, 1.35.
 */
export function composeAnswer(logins: readonly AnswerLogin[]): Uint8Array {
  const lines = logins.map(({ key, auth }) => {
    const { username, password } = splitLogin(auth) ?? { username: "", password: "" };
    return `${JSON.stringify(key)}:${JSON.stringify({ username, password })}`;
  });
  return Buffer.from(`{"auths":{${lines.map((line) => `\n${line}`).join(",")}\n}}\n`);
}

/** Whether an answer can carry a login: JSON has no bytes, only text. */
export function fitsAnswer(auth: Secret<string>): boolean {
  return splitLogin(auth) !== undefined;
}

function splitLogin(auth: Secret<string>): { username: string; password: string } | undefined {
  const pair = Buffer.from(auth.reveal(), "base64");
  const colon = pair.indexOf(":");
  if (colon < 0 || !isUtf8(pair)) return undefined;
  return {
    username: pair.subarray(0, colon).toString(),
    password: pair.subarray(colon + 1).toString(),
  };
}
