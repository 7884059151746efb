import type { KubeletEntry } from "../../agent/kubelet/model.ts";
import { readKubeletFile } from "../../agent/kubelet/read-file.ts";
import { lookUpImage } from "../../agent/operations/kubelet-lookup.ts";
import type { Answer, KeyringVersion, OracleCredential, Question } from "../bed/keyring.ts";

/** Where pullcast and the kubelet differ. */
export interface Difference {
  readonly format: string;
  /** Base64. */
  readonly file: string;
  /** Absent if the file itself is the difference. */
  readonly image?: string;
  readonly kubelet: unknown;
  readonly pullcast: unknown;
}

/**
 * Compares pullcast's reading with the kubelet's: same validity, same credentials to the byte, same order
 * between keys; within one key, where the kubelet's order is random, as a set.
 */
export function compare(
  question: Question,
  answer: Answer | undefined,
  version: KeyringVersion,
): Difference[] {
  if (answer === undefined) throw new Error("the kubelet's packages gave no answer");
  const { format, images } = question;
  const file = readKubeletFile(question.file, { format, version });
  const place = { format, file: Buffer.from(question.file).toString("base64") };
  if (file.valid !== answer.valid) {
    return [
      { ...place, kubelet: { valid: answer.valid }, pullcast: file.valid ? "valid" : file.why },
    ];
  }
  if (!file.valid) return [];
  return images.flatMap((image, index) => {
    const kubelet = answer.creds?.[index] ?? [];
    const { candidates } = lookUpImage(file.entries, image, version);
    return isSame(candidates, kubelet)
      ? []
      : [{ ...place, image, kubelet, pullcast: candidates.map(shown) }];
  });
}

/** Groups of one key are compared as sets; the groups' order counts. */
function isSame(
  candidates: readonly KubeletEntry[],
  kubelet: readonly OracleCredential[],
): boolean {
  if (candidates.length !== kubelet.length) return false;
  let at = 0;
  while (at < candidates.length) {
    const registry = candidates[at]?.registry;
    let end = at;
    while (candidates[end]?.registry === registry && end < candidates.length) end += 1;
    const ours = candidates.slice(at, end).map((entry) => JSON.stringify(shown(entry)));
    const theirs = kubelet.slice(at, end).map((one) => JSON.stringify(one));
    if (ours.sort().join("\n") !== theirs.sort().join("\n")) return false;
    at = end;
  }
  return true;
}

function shown({ username, password, auth }: KubeletEntry): OracleCredential {
  return { username, password: password.reveal(), pair: auth.reveal() };
}
