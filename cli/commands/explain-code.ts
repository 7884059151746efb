import { allCodes, type Code, describeCode, parseCode } from "../../agent/index.ts";
import { quote } from "../options/values.ts";
import { wrap } from "../render/wrap.ts";
import { usageError } from "../usage-error.ts";

/** What the hundreds of a code stand for. */
const RANGES: Readonly<Record<string, string>> = {
  PC0: "pullcast itself",
  PC1: "the cluster",
  PC2: "SSH",
  PC3: "the file on a node",
  PC4: "the registry",
  PC5: "the kubelet",
  PC6: "the credentials",
  PC7: "the image",
};

/**
 * The text of `pullcast explain`: one code, or all by range.
 *
 * @throws {PullcastError} PC001 where there is no such code
 */
export function explainCode(codeText: string | undefined): string {
  if (codeText === undefined) return explainAll();
  const code = parseCode(codeText);
  if (code === undefined) {
    throw usageError(`there is no code ${quote(codeText)}`, "pullcast explain lists all codes");
  }
  const { title, fix } = describeCode(code);
  const fixLines = wrap(fix, 88).map((line, at) => (at === 0 ? line : `         ${line}`));
  return [
    `${code}: ${title}`,
    "",
    `  about  ${RANGES[rangeOf(code)]}`,
    `  fix    ${fixLines.join("\n")}`,
    "",
  ].join("\n");
}

function explainAll(): string {
  const lines: string[] = [];
  let range = "";
  for (const code of allCodes()) {
    if (rangeOf(code) !== range) {
      range = rangeOf(code);
      lines.push(...(lines.length === 0 ? [] : [""]), `${range}xx ${RANGES[range]}`);
    }
    lines.push(`  ${code}  ${describeCode(code).title}`);
  }
  return `${lines.join("\n")}\n`;
}

function rangeOf(code: Code): string {
  return code.slice(0, 3);
}
