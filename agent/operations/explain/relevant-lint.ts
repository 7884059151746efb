import type { Code } from "../../errors.ts";
import { lintFile } from "../../kubelet/lint.ts";
import type { KubeletFileFormat } from "../../kubelet/model.ts";
import type { Problem } from "../../model.ts";
import { domainOf } from "../../registry/reference.ts";
import type { Secret } from "../../secret.ts";
import { parseRepository } from "../kubelet-lookup.ts";
import type { Findings, Question } from "./findings.ts";

/** What surprises in general, and explains no single image: `pullcast inspect` tells it. */
const GENERAL: ReadonlySet<Code> = new Set<Code>(["PC662", "PC663", "PC664", "PC666", "PC669"]);

/**
 * What is wrong with the entries of a file that are tried for an image, or that were meant for its registry and
 * don't serve it.
 */
export function lintFor(
  file: { readonly content: Secret<Uint8Array>; readonly format?: KubeletFileFormat },
  question: Question,
  found: Pick<Findings, "candidates">,
): Problem[] {
  const { repository, version } = question;
  const tried = new Set(found.candidates.map(({ key }) => key));
  return lintFile(file.content.reveal(), {
    repositoryOf: parseRepository,
    ...(version === undefined ? {} : { version }),
    ...(file.format === undefined ? {} : { format: file.format }),
  }).filter(({ code, key = "" }) => {
    if (GENERAL.has(code)) return false;
    return tried.has(key) || namesRegistryOf(key, repository);
  });
}

/** Whether a key, in whatever form, seems to be meant for a repository's registry. */
export function namesRegistryOf(key: string, repository: string): boolean {
  const registry = domainOf(repository);
  // Docker Hub goes by many names, all with docker in them.
  const name = registry === "docker.io" ? "docker" : registry.replace(/:\d+$/, "").toLowerCase();
  return key.toLowerCase().includes(name);
}
