import { groupBy, nameList } from "./groups.ts";
import { type Outcome, outcomesOf } from "./outcomes.ts";

/** GitHub shows ten of a kind in a step: nodes with one cause share a line. */
export function toGitHub(document: object): string {
  return outcomesOf(document)
    .flatMap(({ outcomes }) => {
      const told = outcomes.filter(({ kind, code }) => kind === "bad" || code === "PC140");
      return groupBy(told, ({ end, code }) => `${end} ${code}`).map(line);
    })
    .join("");
}

function line(members: readonly Outcome[]): string {
  const [first] = members;
  if (first === undefined) return "";
  const { end, code, fix } = first;
  const names = nameList(members.map(({ name }) => name));
  const messages = new Set(members.map(({ message = "" }) => message));
  const [only = ""] = messages.size === 1 ? messages : [];
  const text = [`${names}: ${end}`, only, fix === undefined ? "" : `fix: ${fix}`];
  const said = text.filter((part) => part !== "").join("\n");
  return `::error title=${property(`pullcast ${code ?? end}`)}::${data(said)}\n`;
}

/** As actions/toolkit escapes them: core/src/command.ts. */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
