import { servesImage } from "../../kubelet/look-up.ts";
import { type CredentialProvider, readProviderConfig } from "../../kubelet/provider-config.ts";
import { readKubeletFile } from "../../kubelet/read-file.ts";
import type { Problem } from "../../model.ts";
import { PROVIDER } from "../../node/live-files.ts";
import type { NodeSurvey, SurveyFile } from "../../node/read-survey.ts";
import { problem } from "../../problem.ts";
import { cleanText } from "../../util/clean-text.ts";
import { type Findings, findInFiles, type Question } from "./findings.ts";
import { iso } from "./iso.ts";
import type { ProviderFailure } from "./kubelet-log.ts";
import type { ExplainedProvider } from "./model.ts";

/** Seconds by which a process's start may be told too early: those of its boot and its own are cut off apart. */
const EARLY_BY = 1;

/** What a node's credential provider plugins add: they are asked after its file. */
export async function findProviders(
  survey: NodeSurvey,
  question: Question,
  failures: readonly ProviderFailure[],
): Promise<Findings & { readonly providers: readonly ExplainedProvider[] }> {
  if (survey.providers === undefined) {
    return { candidates: [], ignored: [], problems: [], providers: [] };
  }
  const files = survey.files.filter(({ kind }) => kind === "provider");
  const { providers, faults } = await readProviderConfig(files.flatMap(contentOf));
  const judged = providers.map((provider) => judge(provider, survey, question));
  const told = judged.map((provider) => tellOf(provider, survey, question));
  return {
    candidates: told.flatMap(({ candidates }) => candidates),
    ignored: told.flatMap(({ ignored }) => ignored),
    problems: [
      ...configProblems(survey, files, faults),
      ...judged.flatMap((provider) => programProblem(provider, survey)),
      ...failures
        .filter(({ provider }) => judged.some(({ name }) => name === provider))
        .map(failureProblem),
    ],
    providers: judged.map(({ name, pattern, matchImages, programPresent }) => ({
      name,
      serves: pattern !== undefined,
      matchImages,
      programPresent,
    })),
  };
}

interface JudgedProvider extends CredentialProvider {
  /** The first pattern that matches; absent where none does. */
  readonly pattern?: string;
  readonly programPresent: boolean;
}

function judge(
  provider: CredentialProvider,
  { providers }: NodeSurvey,
  { repository, version }: Question,
): JudgedProvider {
  const pattern = provider.matchImages.find((one) => servesImage(one, repository, version));
  const programPresent = providers?.programs.includes(provider.name) ?? false;
  return { ...provider, programPresent, ...(pattern === undefined ? {} : { pattern }) };
}

/** What one provider tells the kubelet: of ours it is known, of others only that they are asked. */
function tellOf(
  { name, pattern, matchImages, programPresent }: JudgedProvider,
  survey: NodeSurvey,
  question: Question,
): Pick<Findings, "candidates" | "ignored"> {
  const source = `provider ${name}`;
  if (pattern === undefined || !programPresent) {
    const why = pattern === undefined ? "no pattern of it matches" : "its program is missing";
    return { candidates: [], ignored: [{ key: pattern ?? matchImages.join(", "), why, source }] };
  }
  const answer = survey.files.find(({ kind }) => kind === "answer");
  if (name !== PROVIDER || answer === undefined) {
    return { candidates: [{ key: pattern, source }], ignored: [] };
  }
  const content = answer.found?.content;
  if (content === undefined) return { candidates: [], ignored: [] };
  const file = readKubeletFile(content.reveal());
  if (!file.valid) {
    return { candidates: [], ignored: [{ key: pattern, why: `its answer: ${file.why}`, source }] };
  }
  return findInFiles([{ source, ...file }], question);
}

function contentOf({ path, found }: SurveyFile) {
  return found?.content === undefined ? [] : [{ path, content: found.content }];
}

function configProblems(
  { providers, kubelet }: NodeSurvey,
  files: readonly SurveyFile[],
  faults: readonly string[],
): Problem[] {
  const restart = `systemctl restart ${kubelet?.unit ?? "kubelet"} on the node`;
  const about = (detail: string, fix = restart) => problem("PC514", "warning", { detail, fix });
  const unread = files
    .filter(({ found }) => found?.content === undefined)
    .map(({ path }) => about(`${path} is not there or can't be read`, `mend it, then ${restart}`));
  const empty =
    files.length === 0 ? [about(`${providers?.config || "no path"} holds no file`)] : [];
  const started = kubelet?.startedAt ?? Number.POSITIVE_INFINITY;
  const late = files
    .filter(({ found }) => (found?.changedAt ?? 0) > started + EARLY_BY)
    .map(({ path }) =>
      about(`${path} was changed after the kubelet began, which reads it then only`),
    );
  const broken = faults.map((fault) => about(`${fault}; a kubelet does not start with it`));
  const folder =
    providers?.dirPresent === false ? [about(`there is no directory ${providers.dir}`)] : [];
  return [...unread, ...empty, ...late, ...broken, ...folder];
}

function programProblem(
  { name, pattern, programPresent }: JudgedProvider,
  { providers }: NodeSurvey,
) {
  if (programPresent || pattern === undefined) return [];
  const detail = `${name} in ${providers?.dir}`;
  return [problem("PC515", "error", { key: `provider ${name}`, detail })];
}

function failureProblem({ provider, at, words }: ProviderFailure): Problem {
  const detail = `${provider} at ${iso(at)}: ${cleanText(words, 500)}`;
  const fix = fixFor(words);
  return problem("PC516", "warning", {
    key: `provider ${provider}`,
    detail,
    ...(fix === undefined ? {} : { fix }),
  });
}

/** What mends a failure of ecr-credential-provider, by the words of the AWS SDK in it. */
function fixFor(words: string): string | undefined {
  if (/fork\/exec \S+: permission denied/.test(words)) return "chmod 755 the program on the node";
  const action = /not authorized to perform: (ecr(?:-public)?:\w+)/.exec(words)?.[1];
  if (action !== undefined)
    return `allow ${action} to the node's role (AmazonEC2ContainerRegistryPullOnly has it)`;
  if (
    /no EC2 IMDS role found|NoCredentialProviders|failed to refresh cached credentials/.test(words)
  ) {
    return "give the node an instance profile, and let it reach the instance metadata service";
  }
  if (/ExpiredToken|security token .* (?:is )?(?:expired|invalid)/i.test(words)) {
    return "check the node's clock, and the role's credentials on the node";
  }
  if (/i\/o timeout|deadline exceeded|signal: killed/.test(words)) {
    return "check that the node reaches the cloud's API (api.ecr.REGION.amazonaws.com): routes, proxy, VPC endpoint";
  }
  return undefined;
}
