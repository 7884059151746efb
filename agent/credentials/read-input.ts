import { cloudOf } from "../cloud/clouds.ts";
import { PullcastError } from "../errors.ts";
import { isRegistrySecret } from "../registry-secret.ts";
import { readAmbient } from "./ambient.ts";
import { makeLogin } from "./judge-entry.ts";
import { keyFault, shownKey } from "./keys.ts";
import type {
  CredentialDocument,
  CredentialSource,
  LoadContext,
  RawSource,
  SourceInput,
} from "./model.ts";
import { parseDocument } from "./parse-document.ts";
import { rawSource, readCredentialFile, readStandardInput } from "./read-file.ts";

/**
 * Reads all sources that were asked for, in order; none asked for: the ambient one.
 *
 * @throws {PullcastError} PC601 to PC607, PC630, PC631: a source is unusable, and nothing stands in for it
 */
export async function readDocuments(
  source: CredentialSource,
  context: LoadContext,
): Promise<CredentialDocument[]> {
  const inputs = source.inputs ?? [];
  if (inputs.length === 0) return [parseDocument(await readAmbient(source))];
  const documents: CredentialDocument[] = [];
  for (const input of inputs) documents.push(await readInput(input, { source, context }));
  return documents;
}

interface Reading {
  readonly source: CredentialSource;
  readonly context: LoadContext;
}

async function readInput(
  input: SourceInput,
  { source, context }: Reading,
): Promise<CredentialDocument> {
  switch (input.type) {
    case "file":
      return parseDocument(await readNamedFile(input.path));
    case "stdin":
      return parseDocument(await readStandardInput(source.readStdin));
    case "secret":
      return parseDocument(await readClusterSecret(input, context));
    case "login":
      return await readLogin(input, source);
    case "cloud":
      return cloudDocument(input);
  }
}

async function readNamedFile(path: string): Promise<RawSource> {
  const raw = await readCredentialFile(path);
  if (raw === undefined) throw new PullcastError("PC601", { detail: `looked at ${path}` });
  return raw;
}

async function readClusterSecret(
  { namespace, name }: Extract<SourceInput, { type: "secret" }>,
  context: LoadContext,
): Promise<RawSource> {
  const source = `secret ${namespace}/${name}`;
  const secret = await context.readSecret(namespace, name);
  if (secret === undefined) {
    throw new PullcastError("PC630", {
      detail: source,
      fix: `kubectl get secrets -n ${namespace}`,
    });
  }
  if (!isRegistrySecret(secret.type)) {
    throw new PullcastError("PC631", { detail: `${source} is of the type ${secret.type}` });
  }
  return rawSource(source, secret.file?.reveal() ?? new Uint8Array());
}

async function readLogin(
  { registry, username }: Extract<SourceInput, { type: "login" }>,
  { readStdin }: CredentialSource,
): Promise<CredentialDocument> {
  const fault = keyFault(registry);
  if (fault !== undefined) {
    throw new PullcastError("PC001", { detail: `--registry ${shownKey(registry)}: ${fault}` });
  }
  const { bytes, warnings } = await readStandardInput(readStdin);
  const source = "--registry";
  // A byte order mark is no part of a password; neither is the line break that echo writes.
  const password = new TextDecoder().decode(bytes).replace(/\r?\n$/, "");
  const content = makeLogin(username, password);
  return { source, entries: [{ key: registry, source, content }], warnings };
}

function cloudDocument({ registry }: Extract<SourceInput, { type: "cloud" }>): CredentialDocument {
  const cloud = cloudOf(registry);
  if (cloud !== undefined) {
    const source = `--from-cloud (${cloud})`;
    return {
      source,
      entries: [{ key: registry, source, content: { type: "cloud" } }],
      warnings: [],
    };
  }
  const detail = `--from-cloud ${shownKey(registry)}: it is no registry of ECR, Artifact Registry or Azure`;
  throw new PullcastError("PC001", { detail });
}
