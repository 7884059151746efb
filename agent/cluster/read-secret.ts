import { PullcastError } from "../errors.ts";
import { Secret } from "../secret.ts";
import { type KubectlSettings, runKubectl } from "./kubectl.ts";

/** A Secret's type and the registry credentials in it. */
interface RegistrySecret {
  readonly type: string;
  /** The value of `.dockerconfigjson` or `.dockercfg`; `undefined` where it has neither. */
  readonly file: Secret<Uint8Array> | undefined;
}

interface SecretPlace {
  readonly namespace: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

const JSONPATH = '{.type}{"\\n"}{.data.\\.dockerconfigjson}{"\\n"}{.data.\\.dockercfg}';

/**
 * Reads a Secret of registry credentials with one kubectl.
 *
 * @returns `undefined` where there is no such Secret
 * @throws PullcastError PC001 for what can't be a name, PC101 to PC106; the signal's reason after an abort
 */
export async function readRegistrySecret(
  kubectl: KubectlSettings,
  { namespace, name, signal }: SecretPlace,
): Promise<RegistrySecret | undefined> {
  const flags = [`--namespace=${namespace}`, "--ignore-not-found", `--output=jsonpath=${JSONPATH}`];
  const stdout = await runKubectl(kubectl, ["get", "secret", name, ...flags], { signal }).catch(
    (error: unknown) => {
      if (!(error instanceof PullcastError) || error.code !== "PC104") throw error;
      const fix = `kubectl auth can-i get secret/${name} -n ${namespace}; log in again, or use --context`;
      throw new PullcastError("PC104", { detail: error.detail, fix, cause: error });
    },
  );
  if (stdout === "") return undefined;
  const [type = "", json = "", legacy = ""] = stdout.split("\n");
  const value = json === "" ? legacy : json;
  const file = value === "" ? undefined : new Secret<Uint8Array>(Buffer.from(value, "base64"));
  return { type, file };
}
