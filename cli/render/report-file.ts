import { randomBytes } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { PullcastError } from "../../agent/index.ts";
import { toJUnit } from "./junit.ts";
import { writeDocument } from "./write-document.ts";

/**
 * Writes a document to a file that its owner alone may read, whole or not at all: JSON, YAML for `.yaml` and `.yml`,
 * JUnit for `.xml`.
 *
 * @throws PullcastError PC001 where it can't be written
 */
export async function writeReportFile(path: string, document: object): Promise<void> {
  const temp = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await writeFile(temp, await textOf(path, document), { mode: 0o600, flag: "wx" });
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new PullcastError("PC001", {
      detail: `--report: ${reason}`,
      fix: "check its directory; what the run did is told above",
      cause: error,
    });
  }
}

async function textOf(path: string, document: object): Promise<string> {
  if (/\.xml$/i.test(path)) return toJUnit(document);
  return await writeDocument(document, /\.ya?ml$/i.test(path) ? "yaml" : "json");
}
