import { openGateway } from "../cluster/gateway.ts";
import { type PodPull, readPodPull } from "../cluster/pull-secrets.ts";
import type { LoadedConfig } from "../credentials/model.ts";
import { PullcastError } from "../errors.ts";
import type { Problem } from "../model.ts";
import type { NodeSurvey } from "../node/read-survey.ts";
import { errorsFirst, problem } from "../problem.ts";
import { domainOf, parseReference, repositoryOf } from "../registry/reference.ts";
import { explainNode } from "./explain/explain-node.ts";
import type { Question } from "./explain/findings.ts";
import { finishCandidates } from "./explain/finish-candidates.ts";
import { findInConfig } from "./explain/from-config.ts";
import { findOnNode, type NodeFindings } from "./explain/from-node.ts";
import { findInPod } from "./explain/from-pod.ts";
import { findProviders } from "./explain/from-providers.ts";
import { otherWords, providerFailures } from "./explain/kubelet-log.ts";
import type { ExplainedPod, Explanation } from "./explain/model.ts";
import { type SurveyedNode, surveyNode } from "./explain/survey-node.ts";
import { loadCredentials } from "./load-credentials.ts";
import type { ExplainOptions } from "./options.ts";
import { findSalt } from "./summarize-credentials.ts";

/**
 * Tells which credentials a kubelet would try for an image, in its order, and why not the others: of the file that
 * a push would send, of what stands on a node now, and of a pod's pull secrets.
 * With a node, its kubelet's version decides the rules. Changes nothing anywhere.
 *
 * @throws {PullcastError} PC001 (no image, no such pod), PC701 (no image reference), PC6xx (the source), PC1xx (the
 *   cluster), PC2xx and PC3xx (the node can't be read)
 */
export async function explain(options: ExplainOptions): Promise<Explanation> {
  // An image that is none is refused before anything is asked.
  if (options.image !== undefined) parseReference(options.image);
  const pod = await readPod(options);
  const image = options.image ?? onlyImage(pod);
  const config = await readSource(options);
  const looked = options.node === undefined ? undefined : await surveyNode(options.node);
  const version = looked?.target.node?.kubeletVersion;
  const question: Question = {
    image,
    repository: repositoryOf(parseReference(image)),
    ...(version ? { version } : {}),
  };
  // Fingerprints compare within a cluster; without one there is nothing to compare with.
  const asksCluster = pod !== undefined || looked?.target.node !== undefined;
  const salt = asksCluster ? await findSalt({ ...options, hostsOnly: false }) : undefined;
  return await compose(question, {
    pod,
    config,
    looked,
    salt: typeof salt === "string" ? salt : undefined,
  });
}

/** What a push would send; a pod can be explained without. */
async function readSource(options: ExplainOptions): Promise<LoadedConfig | undefined> {
  const { source, pod } = options;
  if (source === undefined) return undefined;
  try {
    return await loadCredentials(source, { ...options, tellUnfetched: true });
  } catch (error) {
    const missing = error instanceof PullcastError && error.code === "PC601";
    if (missing && pod !== undefined && (source.inputs ?? []).length === 0) return undefined;
    throw error;
  }
}

async function readPod({ pod, kubectl, signal }: ExplainOptions): Promise<PodPull | undefined> {
  if (pod === undefined) return undefined;
  const gateway = await openGateway(kubectl, signal);
  try {
    return await readPodPull(gateway, pod);
  } finally {
    await gateway.close();
  }
}

function onlyImage(pod: PodPull | undefined): string {
  const [first, ...more] = pod?.images ?? [];
  if (pod === undefined || first === undefined) {
    throw new PullcastError("PC001", {
      detail: "no image is named",
      fix: "pullcast explain IMAGE",
    });
  }
  if (more.length === 0) return first.image;
  const names = pod.images.map(({ image }) => image).join(", ");
  throw new PullcastError("PC001", {
    detail: `pod ${pod.namespace}/${pod.name} has ${pod.images.length} images: ${names}`,
    fix: "name one of them: pullcast explain IMAGE --pod NAMESPACE/POD",
  });
}

interface Sources {
  readonly pod: PodPull | undefined;
  readonly config: LoadedConfig | undefined;
  readonly looked: SurveyedNode | undefined;
  readonly salt: string | undefined;
}

async function compose(question: Question, sources: Sources): Promise<Explanation> {
  const { pod, config, looked } = sources;
  const inPod = pod === undefined ? undefined : findInPod(pod, question);
  const inConfig = config === undefined ? undefined : findInConfig(config, question);
  const onNode = looked === undefined ? undefined : await lookAt(looked.survey, question);
  // A source beside a node: the file that a push would put in the first place, which hides all others.
  const inFile = inConfig ?? onNode?.files;
  const parts = [inPod, inFile, onNode?.providers].filter((part) => part !== undefined);
  const fails = inPod?.fails === true || (inConfig === undefined && onNode?.files.fails === true);
  const found = fails ? [] : parts.flatMap((part) => part.candidates);
  const { candidates, problems } = await finishCandidates(found, {
    salt: sources.salt,
    now: new Date(),
  });
  const result = fails ? "fails" : candidates.length === 0 ? "none" : "tried";
  return {
    kind: "Explanation",
    image: question.image,
    repository: question.repository,
    result,
    source: sourceOf(sources, onNode?.files),
    candidates,
    ignored: parts.flatMap((part) => part.ignored),
    problems: [
      ...(result === "none" ? [noneTried(question)] : []),
      ...errorsFirst([...problems, ...parts.flatMap((part) => part.problems)]),
    ],
    ...(pod === undefined ? {} : { pod: explainPod(pod, question.image) }),
    ...(looked === undefined || onNode === undefined
      ? {}
      : { node: await explainNode(looked, { question, ...onNode }) }),
  };
}

/** What a node's files and plugins hold, and its kubelet's last words. */
async function lookAt(survey: NodeSurvey, question: Question) {
  const files = findOnNode(survey, question);
  const words = otherWords(survey, files.secrets);
  const providers = await findProviders(survey, question, providerFailures(words));
  return { files, providers, words };
}

function sourceOf(
  { config, looked }: Sources,
  files: NodeFindings | undefined,
): Explanation["source"] {
  if (config !== undefined) {
    return { type: looked === undefined ? "push" : "planned", name: config.source };
  }
  if (looked === undefined) return { type: "none" };
  return { type: "node", ...(files?.used === undefined ? {} : { name: files.used }) };
}

function noneTried({ repository }: Question): Problem {
  const registry = domainOf(repository);
  return problem("PC510", "error", {
    detail: `none serves ${repository}; only images that anybody may pull will do`,
    fix: `docker login ${registry === "docker.io" ? "" : registry}`
      .trimEnd()
      .concat("; pullcast push"),
  });
}

function explainPod(pod: PodPull, image: string): ExplainedPod {
  const policy = pod.images.find((one) => one.image === image)?.policy;
  return {
    namespace: pod.namespace,
    name: pod.name,
    ...(pod.node === undefined ? {} : { node: pod.node }),
    serviceAccount: pod.serviceAccount,
    ...(policy ? { imagePullPolicy: policy } : {}),
    pullSecrets: pod.secrets.map(({ name, state }) => ({ name, state })),
  };
}
