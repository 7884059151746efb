import type { Problem } from "../../credentials/model.ts";
import { describeCode } from "../../errors.ts";
import { readKubeletFile } from "../../kubelet/read-file.ts";
import type { NodeConfig } from "../../model.ts";
import { type Findings, findInFiles, type Question } from "./findings.ts";

/** What the file that a push would send adds, and what the push leaves out of its source. */
export function findInConfig(config: NodeConfig, question: Question): Findings {
  const { version } = question;
  const file = readKubeletFile(config.bytes.reveal(), version === undefined ? {} : { version });
  if (!file.valid) throw new Error(`a push would send a void file: ${file.why}`);
  const { entries, ignored } = file;
  return {
    ...findInFiles([{ source: config.source, entries, ignored }], question),
    // That every pod may use them is said of each push, and explains nothing.
    problems: config.warnings
      .filter(({ code }) => code !== "PC611")
      .map(({ code, message }): Problem => {
        const { fix } = describeCode(code);
        return { code, severity: "warning", message, fix };
      }),
  };
}
