import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ExecOutcome } from "../../../agent/model.ts";
import type { NodeProgramReport } from "../../../agent/node/read-report.ts";
import { configOf, sha256 } from "./request.ts";

/** What goes wrong in one install. */
export type Fault =
  /** All processes die at the entry of the Nth system call, counted over all of them. */
  | { readonly kind: "kill"; readonly at: number }
  /** strace: the first process that comes to its Nth such call dies there, or gets the error. */
  | { readonly kind: "call"; readonly call: string; readonly inject: string; readonly when: number }
  /** The upload ends after so many bytes. */
  | { readonly kind: "cut"; readonly bytes: number }
  | { readonly kind: "damage"; readonly at: number }
  /** config.json becomes a directory just before the first sync; not for busybox, which runs its own sync. */
  | { readonly kind: "late-directory" }
  | { readonly kind: "none" }
  /** Nothing goes wrong; all calls are written down. */
  | { readonly kind: "trace" }
  /** Nothing goes wrong; the order of sync and rename is checked. */
  | { readonly kind: "order" };

/** What stands there before the install. */
export type Before = "nothing" | "ours" | "foreign";

/** The file before, where there is one, and the file that the install brings. */
export const OLD = configOf("old-password");
export const NEW = configOf("new-password-with-more-bytes");

/** One directory of a kubelet, for one fault. */
export interface Scene {
  readonly home: string;
  readonly dir: string;
  readonly file: string;
  /** Bytes and mode before; `undefined` where there was nothing. */
  readonly old: { readonly bytes: Buffer; readonly mode: number } | undefined;
}

/** Makes a fresh directory below `arena`. */
export function setScene({
  arena,
  before,
}: {
  readonly arena: string;
  readonly before: Before;
}): Scene {
  const home = mkdtempSync(join(arena, "scene-"));
  chmodSync(home, 0o755);
  const dir = join(home, "kubelet");
  mkdirSync(dir, { mode: 0o755 });
  const file = join(dir, "config.json");
  if (before === "nothing") return { home, dir, file, old: undefined };
  const mode = before === "ours" ? 0o600 : 0o640;
  writeFileSync(file, OLD, { mode });
  if (before === "ours") {
    mkdirSync(join(dir, ".pullcast"), { mode: 0o700 });
    writeFileSync(
      join(dir, ".pullcast", "record.a"),
      `2 1 ${sha256(OLD)} yes - no - absent - run-0 end\n`,
      { mode: 0o600 },
    );
  }
  return { home, dir, file, old: { bytes: OLD, mode } };
}

/** The whole old or the whole new file, and nothing of ours that others may read. */
export function judgeDisk({ dir, file, old }: Scene): string | undefined {
  const now = statSync(file, { throwIfNoEntry: false });
  if (now?.isDirectory()) {
    const inside = readdirSync(file);
    return inside.length === 0
      ? undefined
      : `a file landed inside a directory: ${inside.join(" ")}`;
  }
  if (now === undefined) {
    if (old !== undefined) return "the old file is gone";
  } else {
    const bytes = readFileSync(file);
    const mode = now.mode & 0o7777;
    const isNew = bytes.equals(NEW) && mode === 0o600;
    const isOld = old !== undefined && bytes.equals(old.bytes) && mode === old.mode;
    if (!isNew && !isOld)
      return `neither old nor new: ${bytes.length} bytes, mode ${mode.toString(8)}`;
  }
  return judgeModes(dir);
}

/** Kept files are as others made them; the lock of nodes without flock is a link that says a pid. */
function judgeModes(dir: string): string | undefined {
  for (const name of stateNames(dir)) {
    const facts = lstatSync(join(dir, ".pullcast", name));
    if (name.startsWith("kept-") || facts.isSymbolicLink()) continue;
    const mode = facts.mode & 0o7777;
    if ((mode & 0o077) !== 0) return `${name} has mode ${mode.toString(8)}`;
  }
  return;
}

export function stateNames(dir: string): string[] {
  return statSync(join(dir, ".pullcast"), { throwIfNoEntry: false }) === undefined
    ? []
    : readdirSync(join(dir, ".pullcast"));
}

export function isNew({ file }: Scene): boolean {
  const now = statSync(file, { throwIfNoEntry: false });
  return now?.isFile() === true && readFileSync(file).equals(NEW);
}

export function judgeAnswer(
  scene: Scene,
  outcome: ExecOutcome,
  report: NodeProgramReport,
): string | undefined {
  if (isNew(scene)) return;
  if (/^PULLCAST1 \S+ OK /m.test(outcome.stdout)) return "OK without the new file";
  return report.status === "done" ? `"${report.what}" without the new file` : undefined;
}

export function judgeFault(
  scene: Scene,
  fault: Fault,
  report: NodeProgramReport,
): string | undefined {
  const code = report.status === "failed" ? report.code : report.status;
  if (fault.kind === "cut" && code !== "PC310") return `a cut upload ended as ${code}`;
  if (fault.kind === "damage" && code !== "PC311") return `a damaged upload ended as ${code}`;
  if (fault.kind !== "order") return;
  if (code !== "done") return `an install without a fault ended as ${code}`;
  return judgeOrder(readFileSync(join(scene.home, "log"), "utf8"));
}

/** Data first, then the name, then the directory that holds the name. */
function judgeOrder(log: string): string | undefined {
  const lines = log.split("\n");
  const isSync = (line: string) => /\b(?:fsync|fdatasync|sync|syncfs)\(/.test(line);
  const renamed = lines.findLastIndex((line) => /\brename(?:at2?)?\(.*"config\.json"/.test(line));
  if (renamed < 0) return "config.json was never renamed into place";
  const ofAll = (line: string) => /\bsync\(/.test(line);
  const before = lines.slice(0, renamed).filter(isSync);
  if (!before.some((line) => ofAll(line) || line.includes("/.pullcast/new-")))
    return "the new file was not synced before it was renamed";
  const after = lines.slice(renamed).filter(isSync);
  if (!after.some((line) => ofAll(line) || line.includes("/kubelet>")))
    return "the directory was not synced after the rename";
  return;
}
