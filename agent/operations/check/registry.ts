import pLimit from "p-limit";
import type { KubeletEntry } from "../../kubelet/model.ts";
import type { CheckItem, NodeConfig } from "../../model.ts";
import { isRegistryHost } from "../../registry/endpoint.ts";
import type { Reach } from "../../registry/https-request.ts";
import { formatReference, type ImageReference } from "../../registry/reference.ts";
import { type CredentialTrial, tryCredential } from "../../registry/try-credential.ts";
import { entriesOf, lookUpImage } from "../kubelet-lookup.ts";
import { failedItem, notTriedItem, okItem, warningItem } from "./items.ts";

interface RegistryCheck {
  /** What push would send; absent where the source is unusable. */
  readonly config?: NodeConfig;
  readonly image?: ImageReference;
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

/** Registries asked at once. */
const AT_ONCE = 8;

/**
 * Tries each credential of the file at its registry, from this machine; those that a kubelet would try for
 * the image are tried with the image.
 */
export async function checkRegistries(check: RegistryCheck): Promise<CheckItem[]> {
  const { config, image } = check;
  if (config === undefined) {
    const detail = "the source is unusable";
    return [notTriedItem({ group: "registry", name: "credentials" }, { code: "PC433", detail })];
  }
  const entries = entriesOf(config);
  const serving =
    image === undefined ? [] : lookUpImage(entries, formatReference(image)).candidates;
  const limit = pLimit(AT_ONCE);
  const trials = await Promise.all(
    entries.map((entry) => limit(() => tryEntry(entry, check, serving.includes(entry)))),
  );
  const forImage = trials.filter(({ entry }) => serving.includes(entry));
  const isPullable = forImage.some(({ trial }) => trial.image === "found");
  return [
    ...trials.flatMap((tried) => trialItems(tried, isPullable)),
    ...(image === undefined ? [] : imageItems(image, forImage)),
  ];
}

interface Tried {
  readonly entry: KubeletEntry;
  /** `HOST` or `HOST:PORT`. */
  readonly host: string;
  readonly trial: CredentialTrial;
}

async function tryEntry(
  entry: KubeletEntry,
  { image, reach, signal }: RegistryCheck,
  servesImage: boolean,
): Promise<Tried> {
  const [first = ""] = entry.registry.split("/");
  // A pattern serves the image's registry; by itself it names none.
  const host = servesImage && image !== undefined ? image.domain : first;
  if (!isRegistryHost(host)) {
    const words = "its key is a pattern or no host: --image REF names a registry to try it at";
    return {
      entry,
      host,
      trial: { result: "not-tried", words, mayPush: "unknown", missingActions: [] },
    };
  }
  const trial = await tryCredential({
    ...reach,
    registry: host,
    auth: entry.auth,
    signal,
    ...(servesImage && image !== undefined ? { image } : {}),
  });
  return { entry, host, trial };
}

/** @param isPullable - whether some credential pulls the image: the kubelet goes on to it after a refusal */
function trialItems({ entry, host, trial }: Tried, isPullable: boolean): CheckItem[] {
  const subject = { group: "registry", name: entry.key } as const;
  const detail = `${entry.username === "" ? "" : `as ${entry.username}: `}${trial.words}`;
  const login = `docker login ${host}, then pullcast check again`;
  const [action] = trial.missingActions;
  switch (trial.result) {
    case "valid":
      return [
        okItem(subject, detail),
        ...(trial.mayPush === true ? [warningItem(subject, { code: "PC434" })] : []),
      ];
    case "denied":
      if (action !== undefined) {
        const fix = `allow ${trial.missingActions.join(", ")} in the IAM policy of this user`;
        return [failedItem(subject, { code: "PC435", detail, fix })];
      }
      if (trial.image !== "denied")
        return [failedItem(subject, { code: "PC430", detail, fix: login })];
      return [(isPullable ? warningItem : failedItem)(subject, { code: "PC401", detail })];
    case "expired":
      return [failedItem(subject, { code: "PC431", detail, fix: login })];
    case "unreachable":
      return [warningItem(subject, { code: "PC432", detail: trial.words })];
    case "not-tried":
      return [notTriedItem(subject, { code: "PC433", detail })];
  }
}

/** One line for the image, where the credentials' own lines don't tell it. */
function imageItems(image: ImageReference, tried: readonly Tried[]): CheckItem[] {
  const name = formatReference(image);
  const subject = { group: "registry", name } as const;
  if (tried.length === 0) return [failedItem(subject, { code: "PC436" })];
  const found = tried.find(({ trial }) => trial.image === "found");
  if (found !== undefined) {
    return [okItem(subject, `${found.entry.key} (${found.entry.username}) may pull it`)];
  }
  const missing = tried.find(({ trial }) => trial.image === "not-found");
  return missing === undefined
    ? []
    : [failedItem(subject, { code: "PC404", detail: `asked as ${missing.entry.username}` })];
}
