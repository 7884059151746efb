import { allCodes, type Code, describeCode, parseCode } from "../../agent/index.ts";
import { quote } from "../options/values.ts";
import { type CodeMeaning, toCodesDocument } from "../render/document.ts";
import { wrap } from "../render/wrap.ts";
import { writeInFormat } from "../render/write-document.ts";
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
 * What `pullcast explain` says of one code, or of all by range: text, or a document for programs.
 *
 * @throws {PullcastError} PC001 where there is no such code
 */
export async function explainCode(
  codeText: string | undefined,
  format: string | undefined,
): Promise<string> {
  const code = codeText === undefined ? undefined : parseCode(codeText);
  if (codeText !== undefined && code === undefined) {
    throw usageError(`there is no code ${quote(codeText)}`, "pullcast explain lists all codes");
  }
  const codes = code === undefined ? allCodes() : [code];
  return await writeInFormat(format, {
    document: () => toCodesDocument(codes.map(meaningOf)),
    names: () => codes.map((one) => `${one}\n`).join(""),
    text: () => (code === undefined ? explainAll() : explainOne(meaningOf(code))),
  });
}

function meaningOf(code: Code): CodeMeaning {
  return { code, about: RANGES[rangeOf(code)] ?? "", ...describeCode(code) };
}

function explainOne({ code, about, title, fix }: CodeMeaning): string {
  const fixLines = wrap(fix, 88).map((line, at) => (at === 0 ? line : `         ${line}`));
  return [`${code}: ${title}`, "", `  about  ${about}`, `  fix    ${fixLines.join("\n")}`, ""].join(
    "\n",
  );
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
