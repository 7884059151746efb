/** `node scripts/run.mjs test/differential/write-golden.ts`: asks the kubelet's packages, and keeps their answers. */
import { writeFile } from "node:fs/promises";
import { ensureKeyring } from "../bed/keyring.ts";
import { GOLDEN, goldenCase, goldenQuestions } from "./golden.ts";

const report = (line: string) => console.error(line);
const questions = goldenQuestions();
const newer = await (await ensureKeyring("1.35", report))(questions);
const older = await (await ensureKeyring("1.30", report))(questions);
const lines = questions.map((question, index) => {
  const [answer, before] = [newer[index], older[index]];
  if (answer === undefined || before === undefined) throw new Error("an answer is missing");
  return JSON.stringify(goldenCase(question, { "1.35": answer, "1.30": before }));
});
await writeFile(GOLDEN, `${lines.join("\n")}\n`);
report(`${lines.length} cases in ${GOLDEN}`);
