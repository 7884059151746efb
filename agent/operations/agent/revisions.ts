import { apiRefusal } from "../../cluster/api-http.ts";
import type { Gateway } from "../../cluster/gateway-contract.ts";
import { listAll } from "../../cluster/list-all.ts";
import type { LoadedConfig } from "../../credentials/model.ts";
import { HOST_DIR } from "../../deploy/manifests.ts";
import { type AgentTarget, agentSelector } from "../../deploy/model.ts";
import {
  isSameFile,
  type RevisionFiles,
  readRevision,
  revisionName,
  revisionSecret,
  revisionText,
} from "../../deploy/revision.ts";
import { answerConfig } from "../live/live-push.ts";
import { standingOf } from "../standing-header.ts";
import { deleteObject, objectPath } from "./session.ts";

interface RevisionOptions {
  readonly run: string;
  readonly target: AgentTarget;
  readonly replace: boolean;
  /** For people. */
  readonly operator: string;
}

/** What a revision of these credentials holds. */
export function revisionFiles(config: LoadedConfig, options: RevisionOptions): RevisionFiles {
  const { run, target, replace, operator } = options;
  const sent = target === "provider" ? answerConfig(config) : config;
  const header = standingOf(config, { dir: HOST_DIR, run, replace, operator, sent });
  return { config: revisionText(sent), header };
}

interface Place {
  readonly namespace: string;
  readonly name: string;
}

/** The revision that a DaemonSet's pods are to have before a run. */
interface PresentRevision {
  /** The name of its Secret. */
  readonly name: string;
  /** Absent where that is gone, or none of ours. */
  readonly files: RevisionFiles | undefined;
}

/** Reads the present revision of a DaemonSet; `undefined` where it names none. */
export async function readPresent(
  gateway: Gateway,
  namespace: string,
  name: string | undefined,
): Promise<PresentRevision | undefined> {
  if (name === undefined) return undefined;
  return { name, files: readRevision(await readSecret(gateway, namespace, name)) };
}

/** Whether a revision overwrites what others wrote. */
export function replaces({ header }: RevisionFiles): boolean {
  return header.reveal().split(" ")[4] === "yes";
}

/**
 * Makes the Secret of a revision, unless the present one puts the same file on nodes.
 *
 * @returns the name of the Secret to use
 * @throws {PullcastError} PC103 to PC106
 */
export async function ensureRevision(
  gateway: Gateway,
  place: Place & { readonly run: string },
  {
    files,
    present,
  }: { readonly files: RevisionFiles; readonly present: PresentRevision | undefined },
): Promise<{ readonly revision: string; readonly isNew: boolean }> {
  if (present?.files !== undefined && isSameFile(present.files, files))
    return { revision: present.name, isNew: false };
  const secret = revisionSecret(place, files);
  const metadata = { name: "", namespace: place.namespace };
  const path = objectPath({ apiVersion: "v1", kind: "Secret", metadata }, true);
  const answer = await gateway.request("POST", path, secret);
  if (answer.status !== 201) throw apiRefusal(answer, "the revision's Secret");
  return { revision: revisionName(place.name, place.run), isNew: true };
}

async function readSecret(gateway: Gateway, namespace: string, name: string): Promise<unknown> {
  const object = { apiVersion: "v1", kind: "Secret", metadata: { name, namespace } };
  const answer = await gateway.request("GET", objectPath(object));
  return answer.status === 200 ? answer.body : undefined;
}

/** The present revision, and the one before it: a rollback needs it. */
const KEPT_REVISIONS = 2;

/** Removes all Secrets of revisions but the newest ones and those named. */
export async function pruneRevisions(
  gateway: Gateway,
  place: Place,
  named: readonly (string | undefined)[],
): Promise<void> {
  const names = await revisionNames(gateway, place);
  const old = names.slice(0, Math.max(0, names.length - KEPT_REVISIONS));
  await removeSecrets(
    gateway,
    place,
    old.filter((name) => !named.includes(name)),
  );
}

/** Removes the Secrets of all revisions. */
export async function removeRevisions(gateway: Gateway, place: Place): Promise<void> {
  await removeSecrets(gateway, place, await revisionNames(gateway, place));
}

/** Oldest first: a name begins with the time. */
async function revisionNames(gateway: Gateway, { namespace, name }: Place): Promise<string[]> {
  const place = { apiVersion: "v1", kind: "Secret", metadata: { name: "", namespace } };
  const secrets = await listAll<{ readonly metadata: { readonly name: string } }>(
    gateway,
    objectPath(place, true),
    { labelSelector: agentSelector(name) },
  );
  return secrets.map(({ metadata }) => metadata.name).sort();
}

async function removeSecrets(
  gateway: Gateway,
  { namespace }: Place,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    await deleteObject(gateway, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace },
    });
  }
}
