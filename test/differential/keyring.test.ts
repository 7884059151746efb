import { beforeAll, describe, expect, test } from "vitest";
import { type AskKeyring, ensureKeyring } from "../bed/keyring.ts";
import { compare } from "./compare.ts";
import { newQuestion } from "./files.ts";
import { goldenCase, goldenQuestions, isSameAnswer, readGolden } from "./golden.ts";
import { LARGE_PAIR } from "./lints.ts";
import { nasties } from "./nasties.ts";
import { randomOf } from "./random.ts";

const FILES = 8000;
const IMAGES = 5;
const SEED = 20_261_124;

describe.each(["1.35", "1.30"] as const)("the keyring of Kubernetes %s", (version) => {
  let ask: AskKeyring;
  beforeAll(async () => {
    ask = await ensureKeyring(version, (line) => console.error(line));
  });

  test("agrees with ours about every case with a name", async () => {
    const cases = nasties();
    const answers = await ask(cases);
    const differences = cases.flatMap((one, index) =>
      compare(one, answers[index], version).map((found) => ({ name: one.name, ...found })),
    );
    expect(differences).toEqual([]);
  });

  test("uses a file whose size is warned about", async () => {
    const { text, claims } = LARGE_PAIR;
    const images = Object.keys(claims);
    const [answer] = await ask([{ format: "config.json", file: Buffer.from(text), images }]);
    const users = answer?.creds?.map((list) => list.map(({ username }) => username));
    expect([answer?.valid, users]).toEqual([true, Object.values(claims)]);
  });

  test("agrees with ours about 40,000 generated pairs, most of them with something to match", async () => {
    const random = randomOf(SEED);
    const questions = Array.from({ length: FILES }, () => newQuestion(random, IMAGES));
    const answers = await ask(questions);
    const found = answers.flatMap(({ creds }) => creds ?? []).filter(({ length }) => length > 0);
    expect(found.length).toBeGreaterThan((FILES * IMAGES) / 2);
    const differences = questions.flatMap((one, index) => compare(one, answers[index], version));
    expect(differences.slice(0, 5)).toEqual([]);
  });

  test("still says what the golden file holds", async () => {
    const questions = goldenQuestions();
    const answers = await ask(questions);
    const golden = await readGolden();
    const drifted = questions.filter((question, index) => {
      const [kept, answer] = [golden[index], answers[index]];
      if (kept === undefined || answer === undefined) return true;
      const { kubelet, ...asked } = kept;
      const { kubelet: _kubelet, ...wanted } = goldenCase(question, kubelet);
      return (
        JSON.stringify(asked) !== JSON.stringify(wanted) || !isSameAnswer(kubelet[version], answer)
      );
    });
    // node scripts/run.mjs test/differential/write-golden.ts
    expect(drifted.map(({ name }) => name)).toEqual([]);
    expect(golden).toHaveLength(questions.length);
  });
});
