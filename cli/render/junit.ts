import { type Outcome, type OutcomeGroup, outcomesOf } from "./outcomes.ts";

/** JUnit's XML, as CI systems read it: a suite for each report, a case for each node or namespace. */
export function toJUnit(document: object): string {
  const suites = outcomesOf(document).map(suite);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="pullcast">\n${suites.join("")}</testsuites>\n`;
}

function suite({ kind, startedAt, durationMs = 0, outcomes }: OutcomeGroup): string {
  const count = (wanted: Outcome["kind"]) => outcomes.filter((one) => one.kind === wanted).length;
  const facts = {
    name: kind,
    tests: String(outcomes.length),
    failures: String(count("bad")),
    skipped: String(count("skipped")),
    time: seconds(durationMs),
    ...(startedAt === undefined ? {} : { timestamp: startedAt.replace(/\.\d+Z$/, "") }),
  };
  const cases = outcomes.map((outcome) => testCase(kind, outcome)).join("");
  return `  <testsuite${attributes(facts)}>\n${cases}  </testsuite>\n`;
}

function testCase(kind: string, outcome: Outcome): string {
  const { name, end, durationMs = 0, code, message = "", fix } = outcome;
  const open = `    <testcase${attributes({ classname: kind, name, time: seconds(durationMs) })}`;
  if (outcome.kind === "well") return `${open}/>\n`;
  if (outcome.kind === "skipped") {
    return `${open}><skipped${attributes({ message: `${code ?? ""} ${message}`.trim() })}/></testcase>\n`;
  }
  const text = [`${end}: ${message}`, ...(fix === undefined ? [] : [`fix: ${fix}`])].join("\n");
  const facts = attributes({ type: code ?? end, message: message === "" ? end : message });
  return `${open}><failure${facts}>${escaped(text)}</failure></testcase>\n`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(value).replaceAll("\n", "&#10;")}"`)
    .join("");
}

/** XML 1.0 has no form for control characters: they are gone before. */
function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
