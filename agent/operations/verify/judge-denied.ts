import { describeCode } from "../../errors.ts";
import type { Verdict } from "./judge.ts";

/**
 * A verdict on a node that must be denied, since its credential was taken away. What the registry said to the node
 * counts alone: one that it let in for whatever reason was served.
 */
export function judgeDenied(verdict: Verdict): Verdict {
  const { result, ran, message } = verdict;
  if (result === "denied" || result === "denied-or-missing") {
    return { result: "revoked", ran, ...(message === undefined ? {} : { message }) };
  }
  if (result !== "pulled") return verdict;
  const { title, fix } = describeCode("PC523");
  return { result: "served", code: "PC523", message: title, fix, ran };
}
