import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A program that stands in for kubectl where the real one can't be made to fail so. */
export interface StubKubectl {
  readonly program: string;
  /** Removes the program. */
  remove(): Promise<void>;
}

/** Writes a Node program that is run as kubectl; `body` is a CommonJS script, `args` its arguments. */
export async function stubKubectl(body: string): Promise<StubKubectl> {
  const dir = await mkdtemp(join(tmpdir(), "pullcast-stub-"));
  const program = join(dir, "kubectl");
  await writeFile(program, `#!${process.execPath}\nconst args = process.argv.slice(2);\n${body}\n`);
  await chmod(program, 0o755);
  return { program, remove: () => rm(dir, { recursive: true, force: true }) };
}

/** The start of a stub that serves `handler(req, res)` on the socket that `kubectl proxy` is told. */
export function stubProxy(handler: string): string {
  return `
    const http = require("node:http");
    const path = args.find((arg) => arg.startsWith("--unix-socket=")).slice(14);
    http.createServer(${handler}).listen(path, () => console.log("Starting to serve on " + path));
  `;
}
