import type { PodPull, PullSecret } from "../../cluster/pull-secrets.ts";
import { readKubeletFile } from "../../kubelet/read-file.ts";
import type { Problem } from "../../model.ts";
import { problem } from "../../problem.ts";
import { withoutLogin } from "../../util/without-login.ts";
import { type Findings, findInFiles, type NamedFile, type Question } from "./findings.ts";
import { lintFor } from "./relevant-lint.ts";

/** What a pod's pull secrets add; `fails` where one of them keeps the kubelet from any try. */
export function findInPod(
  pod: PodPull,
  question: Question,
): Findings & { readonly fails: boolean } {
  const read = pod.secrets.map((secret) => readSecret(pod, secret, question.version));
  const files = read.flatMap(({ file }) => (file === undefined ? [] : [file]));
  const found = findInFiles(files, question);
  const lint = pod.secrets.flatMap(({ content, format }, at) =>
    content === undefined || format === undefined || read[at]?.file === undefined
      ? []
      : lintFor({ content, format }, question, found),
  );
  return {
    ...found,
    problems: [...read.flatMap((one) => one.problems), ...lint, ...notTaken(pod)],
    fails: read.some(({ fails }) => fails),
  };
}

interface SecretReading {
  readonly file?: NamedFile;
  readonly problems: readonly Problem[];
  readonly fails: boolean;
}

function readSecret(
  { namespace }: PodPull,
  { name, state, why = "", format, content }: PullSecret,
  version: string | undefined,
): SecretReading {
  const source = `secret ${namespace}/${name}`;
  const create = `kubectl create secret docker-registry ${name} -n ${namespace} --from-file=.dockerconfigjson=FILE`;
  const only = (found: Problem, fails = false) => ({ problems: [found], fails });
  if (state === "missing") {
    return only(problem("PC517", "warning", { key: source, detail: source, fix: create }));
  }
  if (state === "unread") {
    const fix = `kubectl auth can-i get secrets -n ${namespace}`;
    return only(problem("PC521", "warning", { key: source, detail: `${source}: ${why}`, fix }));
  }
  if (content === undefined || format === undefined) {
    const fix = `kubectl delete secret ${name} -n ${namespace}; ${create}`;
    const detail = `${source}: ${why}`;
    return only(problem("PC518", "warning", { key: source, detail, fix }));
  }
  const file = readKubeletFile(content.reveal(), {
    format,
    ...(version === undefined ? {} : { version }),
  });
  if (file.valid) {
    const { entries, ignored } = file;
    return { file: { source, entries, ignored }, problems: [], fails: false };
  }
  const entry = file.key === undefined ? "" : `entry ${JSON.stringify(withoutLogin(file.key))}: `;
  const detail = `${source}: ${entry}${file.why}`;
  return only(problem("PC519", "error", { key: source, detail }), true);
}

/** Admission copies a ServiceAccount's secrets into a pod that has none, when it is created and never again. */
function notTaken({
  namespace,
  name,
  serviceAccount,
  notTaken: names,
  secrets,
}: PodPull): Problem[] {
  if (names.length === 0) return [];
  const why =
    secrets.length === 0
      ? "they came after the pod"
      : "the pod names its own, so that none of them are added";
  const detail = `${names.join(", ")} of ServiceAccount ${serviceAccount}: ${why}`;
  return [problem("PC520", "warning", { key: `pod ${namespace}/${name}`, detail })];
}
