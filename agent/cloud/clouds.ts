import { ACR_HOST } from "../acr.ts";
import type { Cloud } from "./model.ts";

/** A private registry of Amazon ECR: its account, how it is reached, its region, and its partition's domain. */
const ECR_HOST =
  /^(\d{12})\.dkr[.-]ecr(-fips)?\.([a-z0-9-]+)\.(amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)(?::443)?$/i;
/** Container Registry and Artifact Registry. */
const GOOGLE_HOST = /^(?:[a-z0-9-]+\.)*(?:gcr\.io|pkg\.dev)(?::443)?$/i;

/** A private registry of Amazon ECR. */
export interface EcrRegistry {
  readonly account: string;
  readonly region: string;
  readonly isFips: boolean;
  readonly isChina: boolean;
}

/** The cloud that a registry belongs to, by its host; `undefined` for others. */
export function cloudOf(registry: string): Cloud | undefined {
  if (ECR_HOST.test(registry)) return "aws";
  if (GOOGLE_HOST.test(registry)) return "google";
  return ACR_HOST.test(registry) ? "azure" : undefined;
}

/** What an ECR registry's host tells; `undefined` for other hosts. */
export function ecrRegistry(registry: string): EcrRegistry | undefined {
  const [, account, fips, region, domain] = ECR_HOST.exec(registry) ?? [];
  if (account === undefined || region === undefined || domain === undefined) return undefined;
  const isChina = domain.toLowerCase().endsWith(".cn");
  return { account, region: region.toLowerCase(), isFips: fips !== undefined, isChina };
}
