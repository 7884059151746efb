import { NODE_ANNOTATION } from "../../cluster/node-annotation.ts";
import type { ClusterNode, NodeStatus } from "../../model.ts";
import { parseWord } from "../annotate/node-word.ts";

/** What an annotation is judged by. */
export interface AnnotationContext {
  readonly now: Date;
  /** Credentials that end earlier than this from now make a node `expiring`, ms. */
  readonly expiresWithinMs: number;
}

/** In which state the file was left on a node, as far as its annotation tells. */
export function judgeAnnotation(
  node: ClusterNode | undefined,
  { now, expiresWithinMs }: AnnotationContext,
): Omit<NodeStatus, "node" | "address" | "durationMs"> {
  const text = node?.annotations[NODE_ANNOTATION];
  if (text === undefined) return unknown("no run left an annotation");
  const word = parseWord(text);
  if (word === undefined) return unknown("the annotation is none of pullcast's");
  const { operation: _operation, machine, effectiveBy, ...facts } = word;
  if (machine !== undefined && machine !== node?.machineId) {
    return unknown("the annotation is about another machine by this name");
  }
  const waits = effectiveBy !== undefined && Date.parse(effectiveBy) > now.getTime();
  const rest = { ...facts, ...(waits ? { effectiveBy } : {}) };
  const leftMs = Date.parse(facts.expiresAt ?? "") - now.getTime();
  if (leftMs < expiresWithinMs) {
    const message = leftMs <= 0 ? "a credential has ended" : "a credential ends soon";
    return { state: "expiring", message, ...rest };
  }
  return { state: "current", ...rest };
}

function unknown(message: string) {
  const fix = "pullcast status looks at the node; push --annotate leaves an annotation";
  return { state: "unknown", code: "PC341", message, fix } as const;
}
