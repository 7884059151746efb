import { readFile } from "node:fs/promises";
import { PullcastError } from "../errors.ts";
import type { Reach } from "./https-request.ts";
import { proxySettings } from "./proxy.ts";

/** How registries are reached from this machine, as the user says it. */
export interface RegistryAccess {
  /** PEM file of a CA to trust besides the usual ones. */
  readonly registryCa?: string;
  /** Where `HTTPS_PROXY` and `NO_PROXY` are looked for; absent: no proxy. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Reads what is needed to ask registries; throws PC001 for a CA file that can't be used. */
export async function readReach({ registryCa, env }: RegistryAccess): Promise<Reach> {
  const proxy = env === undefined ? {} : { proxy: proxySettings(env) };
  return { ...proxy, ...(registryCa === undefined ? {} : { ca: await readCa(registryCa) }) };
}

/** Reads a PEM file of certificates; throws PC001. */
export async function readCa(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new PullcastError("PC001", { detail: `the CA file ${path} can't be read`, cause });
  }
  // Without one, TLS would say nothing and trust nobody more.
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new PullcastError("PC001", { detail: `the CA file ${path} holds no PEM certificate` });
}
