import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Answer, KeyringVersion, Question } from "../bed/keyring.ts";
import { newQuestion } from "./files.ts";
import { type Nasty, nasties } from "./nasties.ts";
import { randomOf } from "./random.ts";

/** Cases with the answers of the kubelet's own packages, for tests on machines without Go. */
export const GOLDEN = fileURLToPath(new URL("../agent/kubelet/golden.jsonl", import.meta.url));

const GENERATED = 200;
const SEED = 1;
/** Larger cases are left to the differential test. */
const MAX_BYTES = 3000;

/** A case as it stands in the file: bytes in base64 where they are no text. */
export interface GoldenCase {
  readonly name: string;
  readonly format: Question["format"];
  readonly text?: string;
  readonly base64?: string;
  readonly images: readonly string[];
  readonly kubelet: Readonly<Record<KeyringVersion, Answer>>;
}

/** The questions of the golden file: all cases with a name, and some generated ones. */
export function goldenQuestions(): Nasty[] {
  const random = randomOf(SEED);
  const generated = Array.from({ length: GENERATED }, (_, index) => ({
    name: `generated ${index}`,
    ...newQuestion(random, 2),
  }));
  return [...nasties(), ...generated].filter(({ file }) => file.length < MAX_BYTES);
}

/** One line of the file. */
export function goldenCase(question: Nasty, kubelet: GoldenCase["kubelet"]): GoldenCase {
  const { name, format, images } = question;
  const bytes = Buffer.from(question.file);
  const text = bytes.toString();
  const isText = Buffer.from(text).equals(bytes);
  const file = isText ? { text } : { base64: bytes.toString("base64") };
  return { name, format, ...file, images, kubelet };
}

/** Whether answers are the same, but for the kubelet's random order within one key. */
export function isSameAnswer(one: Answer, other: Answer): boolean {
  const plain = ({ valid, creds }: Answer) =>
    JSON.stringify([valid, creds?.map((list) => list.map((cred) => JSON.stringify(cred)).sort())]);
  return plain(one) === plain(other);
}

export async function readGolden(): Promise<GoldenCase[]> {
  const text = await readFile(GOLDEN, "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as GoldenCase);
}

export function questionOf({ format, text, base64, images }: GoldenCase): Question {
  const file = text === undefined ? Buffer.from(base64 ?? "", "base64") : Buffer.from(text);
  return { format, file, images };
}
