import { ensureKeyring, keyringRelease, keyringVersions } from "../bed/keyring.ts";
import { compare } from "../differential/compare.ts";
import { newQuestion } from "../differential/files.ts";
import { randomOf } from "../differential/random.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

const FILES_AT_ONCE = 4000;
const IMAGES = 5;

/** Compares ours with the keyring of Kubernetes' own packages over generated pairs of a file and an image. */
export async function keyring(options: SoakOptions): Promise<Evidence> {
  const report = options.onProgress ?? (() => undefined);
  const counts: Record<string, unknown> = {};
  for (const version of keyringVersions()) {
    const ask = await ensureKeyring(version, report);
    const random = randomOf(options.seed);
    const count = { files: 0, valid: 0, pairs: 0, found: 0, foundSeveral: 0, differences: 0 };
    while (count.pairs < options.points) {
      const questions = Array.from({ length: FILES_AT_ONCE }, () => newQuestion(random, IMAGES));
      const answers = await ask(questions);
      for (const [index, question] of questions.entries()) {
        const answer = answers[index];
        const lists = answer?.creds ?? [];
        count.files += 1;
        count.valid += answer?.valid ? 1 : 0;
        count.pairs += question.images.length;
        count.found += lists.filter(({ length }) => length > 0).length;
        count.foundSeveral += lists.filter(({ length }) => length > 1).length;
        for (const difference of compare(question, answer, version)) {
          count.differences += 1;
          report(JSON.stringify(difference));
        }
      }
      report(`${version}: ${JSON.stringify(count)}`);
    }
    counts[version] = { kubernetes: keyringRelease(version), ...count };
  }
  return counts;
}
