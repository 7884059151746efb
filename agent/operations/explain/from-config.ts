import type { LoadedConfig } from "../../credentials/model.ts";
import { readKubeletFile } from "../../kubelet/read-file.ts";
import { noticeProblem } from "../../problem.ts";
import { leftOutProblem } from "../judge-credentials.ts";
import { type Findings, findInFiles, type Question } from "./findings.ts";
import { lintFor, namesRegistryOf } from "./relevant-lint.ts";

/** What the file that a push would send adds, and what the push leaves out of its sources. */
export function findInConfig(config: LoadedConfig, question: Question): Findings {
  const { version } = question;
  const file = readKubeletFile(config.bytes.reveal(), version === undefined ? {} : { version });
  if (!file.valid) throw new Error(`a push would send a void file: ${file.why}`);
  const origins = new Map(config.credentials.map(({ key, source }) => [key, source]));
  // Each entry is a file of its own source here, looked up together as the one file that they make.
  const files = [...file.entries, ...file.ignored].map((entry) => ({
    source: origins.get(entry.key) ?? config.source,
    entries: "auth" in entry ? [entry] : [],
    ignored: "auth" in entry ? [] : [entry],
  }));
  const { candidates, ignored } = findInFiles(files, question);
  const meant = config.leftOut.filter(({ key }) => namesRegistryOf(key, question.repository));
  const told = new Set<string>(["PC611", ...config.leftOut.map(({ code }) => code)]);
  return {
    candidates,
    ignored: [
      ...ignored,
      ...config.leftOut.map(({ key, why, source }) => ({ key, why: `left out: ${why}`, source })),
      ...config.unfetched.map(({ key = "", message: why }) => ({
        key,
        why,
        source: config.source,
      })),
    ],
    // What is told of each push (PC611), or of an entry above, explains nothing more.
    problems: [
      ...config.unfetched,
      ...meant.map(leftOutProblem),
      ...lintFor({ content: config.bytes }, question, { candidates }),
      ...config.warnings.filter(({ code }) => !told.has(code)).map(noticeProblem),
    ],
  };
}
