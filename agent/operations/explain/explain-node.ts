import type { NodeSurvey, SurveyLogLine } from "../../node/read-survey.ts";
import { readRuntimeRegistries } from "../../node/runtime-registries.ts";
import { domainOf } from "../../registry/reference.ts";
import { cleanText } from "../../util/clean-text.ts";
import type { Question } from "./findings.ts";
import type { NodeFindings } from "./from-node.ts";
import { iso } from "./iso.ts";
import type { ExplainedNode, ExplainedProvider } from "./model.ts";
import type { SurveyedNode } from "./survey-node.ts";

/** Lines of the log that are told. */
const MAX_LINES = 10;

interface NodeParts {
  readonly question: Question;
  readonly files: NodeFindings;
  readonly providers: { readonly providers: readonly ExplainedProvider[] };
  /** Without secrets. */
  readonly words: readonly SurveyLogLine[];
}

/** What one look at a node found, for people and programs. */
export async function explainNode(
  { target, survey, choice }: SurveyedNode,
  { question, files, providers, words }: NodeParts,
): Promise<ExplainedNode> {
  const registry = domainOf(question.repository);
  const runtime = await readRuntimeRegistries(survey);
  return {
    name: target.name,
    address: target.host,
    ...choice,
    ...(question.version === undefined ? {} : { kubeletVersion: question.version }),
    now: iso(survey.now),
    rootDir: survey.rootDir,
    rootProof: survey.rootProof,
    cwd: survey.cwd,
    home: survey.home,
    flags: survey.flags,
    ...kubeletOf(survey),
    places: files.places,
    effectiveBy: iso(files.inForceFrom),
    ...(files.lastReading === undefined ? {} : { lastReadAt: iso(files.lastReading) }),
    providers: providers.providers,
    runtime: runtime.filter((one) => one.registry === registry || one.registry === "*"),
    log: words
      .slice(-MAX_LINES)
      .map(({ at, text }) => ({ at: iso(at), text: cleanText(text, 500) })),
  };
}

function kubeletOf({ kubelet }: NodeSurvey): Pick<ExplainedNode, "kubelet"> {
  if (kubelet === undefined) return {};
  const { pid, startedAt, name, executable, unit } = kubelet;
  return {
    kubelet: {
      pid,
      startedAt: iso(startedAt),
      process: name,
      ...(executable === undefined ? {} : { executable }),
      ...(unit === undefined ? {} : { unit }),
    },
  };
}
