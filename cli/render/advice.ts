import type { Advice } from "../../agent/index.ts";
import { wrap } from "./wrap.ts";

const WIDTH = 96;

const TITLES: Readonly<Record<Advice["advised"]["route"], string>> = {
  none: "nothing is needed",
  "node-file": "credentials on nodes, as a file",
  "node-provider": "credentials on nodes, by a provider",
  secrets: "Secrets of namespaces",
  cloud: "the system's own way",
};

/** The advice, why so, what it exposes, and the commands. */
export function renderAdvice({ advised, others, facts }: Advice): string {
  const alwaysPull = facts.alwaysPull === undefined ? "not known" : facts.alwaysPull ? "yes" : "no";
  const seen = [
    `${facts.nodes} nodes, the oldest kubelet ${facts.oldestKubelet}`,
    ...(facts.autoscaler === undefined ? [] : [`made by ${facts.autoscaler}`]),
    `${facts.annotated} with word of a push`,
    `every pull afresh (AlwaysPullImages): ${alwaysPull}${facts.alwaysPullUnknown === undefined ? "" : ` (${facts.alwaysPullUnknown})`}`,
  ];
  return [
    `Advised: ${TITLES[advised.route]}`,
    ...section("Seen", seen),
    ...section("Why", advised.why),
    ...section("Exposes", advised.exposes),
    // To be copied: no command is broken over lines.
    ...(advised.commands.length === 0
      ? []
      : ["Commands:", ...advised.commands.map((command) => `  ${command}`)]),
    ...section(
      "Others",
      others.map(({ route, why }) => `${TITLES[route]}: ${why}`),
    ),
    "",
  ].join("\n");
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  return [
    `${title}:`,
    ...lines.flatMap((line) => wrap(`- ${line}`, WIDTH).map((one) => `  ${one}`)),
  ];
}
