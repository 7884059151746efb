import { createHash } from "node:crypto";

/** Entries of others, as they wrote them: they must stay byte for byte. */
export const FOREIGN = '"foreign.example" : {"auth":"Zjpm", "email":"f@example"}';

/** Enough that a file takes many packets, and kills hit its middle. */
const FILLERS = 600;

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The config.json of one push: its number is in each key but one, and in each login. */
export function sourceOf(number: number): string {
  const auths: Record<string, { auth: string }> = {
    "same.example": { auth: base64(`robot:${number}`) },
  };
  for (let at = 0; at < FILLERS; at += 1) {
    auths[`n${number}-${at}.example`] = {
      auth: base64(`robot:${number}-${at}-${"x".repeat(200)}`),
    };
  }
  return JSON.stringify({ auths });
}

/** What one file turns out to be. */
export type Judged =
  | { readonly type: "absent" }
  /** The whole file of this push, with entries of others or without. */
  | { readonly type: "whole"; readonly number: number; readonly foreign: boolean }
  | { readonly type: "torn"; readonly why: string };

/** Tells by the content alone which push a file is of; whatever is not whole is torn. */
export function judgeFile(content: string | undefined): Judged {
  if (content === undefined) return { type: "absent" };
  let auths: Record<string, { auth?: string }>;
  try {
    ({ auths } = JSON.parse(content) as { auths: Record<string, { auth?: string }> });
  } catch {
    return { type: "torn", why: `${content.length} bytes are no JSON` };
  }
  const keys = Object.keys(auths).filter((key) => key !== "foreign.example");
  const foreign = "foreign.example" in auths;
  if (foreign && !content.includes(FOREIGN))
    return { type: "torn", why: "a foreign entry changed" };
  if (keys.length === 0 && foreign) return { type: "whole", number: 0, foreign };
  const [, digits] = /^n(\d+)-/.exec(keys.find((key) => key !== "same.example") ?? "") ?? [];
  const number = Number(digits);
  const wanted = JSON.parse(sourceOf(number)) as { auths: Record<string, { auth: string }> };
  for (const [key, { auth }] of Object.entries(wanted.auths)) {
    if (auths[key]?.auth !== auth)
      return { type: "torn", why: `${key} is not as push ${number} sent it` };
  }
  if (keys.length !== FILLERS + 1) return { type: "torn", why: `${keys.length} keys` };
  return { type: "whole", number, foreign };
}

export function digestOf(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** A node as `pullcast status` tells it. */
export interface ToldNode {
  readonly node: string;
  readonly state: string;
  readonly drift?: readonly string[];
  readonly keys?: readonly string[];
  readonly message?: string;
}

/** What is false of what status tells of a node; `undefined` where it is true. */
export function untruth(
  told: ToldNode | undefined,
  judged: Judged,
  newest: number,
): string | undefined {
  if (told === undefined) return "the node is not told of";
  const { state, drift = [], keys = [] } = told;
  if (judged.type === "torn") return state === "unreadable" ? undefined : `torn, told ${state}`;
  if (judged.type === "absent") return state === "missing" ? undefined : `absent, told ${state}`;
  if (judged.number === 0) {
    return state === "drifted" && (drift.includes("other-tool") || drift.includes("unfinished"))
      ? undefined
      : `others' alone, told ${state} ${drift.join(",")}`;
  }
  if (state !== "current" && state !== "drifted") return `whole, told ${state}`;
  const strange = drift.filter((kind) => kind !== "older-run" && kind !== "unfinished");
  if (strange.length > 0) return `whole, told ${strange.join(",")}`;
  if (state === "current" && judged.number < newest) return `push ${judged.number}, told current`;
  if (drift.includes("older-run") && judged.number === newest) return "the newest, told older-run";
  if (!keys.includes(`n${judged.number}-0.example`))
    return `keys are not those of push ${judged.number}`;
  return undefined;
}
