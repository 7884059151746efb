import type { DiagnosedHost, DiagnosedNode, Diagnosis, ProbeStep } from "../../agent/index.ts";
import { facts, joinSections, problemLines, table } from "./sections.ts";
import { wrap } from "./wrap.ts";
import type { TextStyle } from "./write-document.ts";

const WIDTH = 100;

/** A diagnosis for people: of each node the verdict, the way there host by host, the probe, what to mend and how. */
export function renderDiagnosis({ items, notices }: Diagnosis, style: TextStyle): string {
  return joinSections([
    ...items.flatMap((item) => nodeSections(item, style)),
    notices.map(({ code, message }) => `${code} ${message}`).join("\n"),
  ]);
}

function nodeSections(item: DiagnosedNode, style: TextStyle): string[] {
  const { route, steps, problems } = item;
  return [
    wrap(verdict(item), Math.min(WIDTH, style.width ?? WIDTH)).join("\n"),
    ...route.flatMap((host) => hostSections(host, style)),
    steps === undefined ? "" : probed(steps, style),
    problemLines(problems),
  ];
}

const VERDICTS: Readonly<Record<DiagnosedNode["result"], string>> = {
  ready: "nothing speaks against a login, as far as can be told without one (--probe tries it)",
  works: "a push would reach its first write",
  failed: "a push would fail",
  skipped: "no push would touch it",
};

function verdict(item: DiagnosedNode): string {
  const { node, result, transport, transportReason, route } = item;
  const target = route.at(-1);
  if (transport === undefined || target === undefined) return `${node}: ${VERDICTS[result]}.`;
  const way = `${target.user}@${target.address}, by ${transport} (${transportReason})`;
  return `${node}: ${VERDICTS[result]}. The way is ${way}.`;
}

function hostSections(host: DiagnosedHost, style: TextStyle): string[] {
  const { role, address, alias, settings, keys, certificates, leftOut, hostKey } = host;
  const asked = alias === undefined ? "" : `, ssh's configuration is asked about ${alias}`;
  const rows = settings.map(({ name, value, source, place }) => [
    name,
    fromOf(source, place),
    value,
  ]);
  const known = hostKey.known.map(({ key, place, marker }) => [
    marker === undefined ? "known" : `@${marker}`,
    `${key} (${place})`,
  ]);
  return [
    `${role === "jump" ? "Jump host" : "Node"} ${address}${asked}`,
    table(["SETTING", "FROM", "VALUE"], rows, style),
    facts(`Keys that ${role === "jump" ? "it" : "the node"} would be offered`, [
      ...keys.map(({ key, from }, at) => [String(at + 1), `${key} (${from})`] as const),
      ...(keys.length === 0 ? [["-", "none"] as const] : []),
      ...certificates.map((one) => ["cert", certificateText(one)] as const),
      ...leftOut.map((note) => ["not", note] as const),
    ]),
    facts(`Host keys of ${hostKey.knownAs} (${hostKey.checking})`, [
      ...known.map(([name = "", value]) => [name, value] as const),
      ...(known.length === 0 ? [["-", "none is known"] as const] : []),
    ]),
  ];
}

function certificateText({
  keyId,
  principals,
  validBefore = "any time",
  from,
}: DiagnosedHost["certificates"][number]): string {
  const names = principals.length === 0 ? "any user" : principals.join(", ");
  return `"${keyId}" for ${names}, until ${validBefore} (${from})`;
}

function fromOf(source: string, place: string | undefined): string {
  if (source === "node") return `the node's ${place}`;
  return place ?? (source === "ssh-config" ? "ssh's configuration" : source);
}

function probed(steps: readonly ProbeStep[], style: TextStyle): string {
  const rows = steps.map(({ name, at, durationMs, code, result, message }) => [
    name,
    durationMs === undefined ? undefined : String(durationMs),
    at,
    result === "ok" ? message : `${code} ${message}`,
  ]);
  return table(["STEP", "MS", "AT", "FOUND"], rows, style);
}
