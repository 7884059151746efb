import { readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ExecOutcome } from "../../../agent/model.ts";
import { composeInstall } from "../../../agent/node/compose.ts";
import { type NodeProgramReport, readReport } from "../../../agent/node/read-report.ts";
import {
  type Before,
  type Fault,
  isNew,
  judgeAnswer,
  judgeDisk,
  judgeFault,
  NEW,
  type Scene,
  setScene,
  stateNames,
} from "./fault-scene.ts";
import { nodeConfig, request } from "./request.ts";
import { makeWrappers, type Parts, runProgram, type Shell } from "./shells.ts";

export interface FaultBench {
  /** A directory that only root can change. */
  readonly arena: string;
  readonly shell: Shell;
  readonly before: Before;
  /** A change to the program, to see whether it is noticed. */
  readonly edit?: (parts: Parts) => Parts;
  /** Another reading of the answer, to see whether it is noticed. */
  readonly read?: typeof readReport;
}

/**
 * Makes one install with a fault and judges what is left.
 *
 * @returns what is wrong, in words; `undefined` if every promise was kept
 */
export async function tryFault(bench: FaultBench, fault: Fault): Promise<string | undefined> {
  const scene = setScene(bench);
  try {
    const { outcome, report } = await installWith(bench, scene, fault);
    return (
      judgeDisk(scene) ??
      judgeAnswer(scene, outcome, report) ??
      judgeFault(scene, fault, report) ??
      (fault.kind === "late-directory" ? undefined : await judgeNext(bench, scene))
    );
  } finally {
    rmSync(scene.home, { recursive: true, force: true });
  }
}

/** How many system calls a whole install makes, over all its processes. */
export async function countCalls(bench: FaultBench): Promise<number> {
  const scene = setScene(bench);
  try {
    await installWith(bench, scene, { kind: "kill", at: 0 });
    return Number(readFileSync(join(scene.home, "log"), "utf8"));
  } finally {
    rmSync(scene.home, { recursive: true, force: true });
  }
}

/** Runs from the repository, as vitest and the soaks do: a bundle has no directory of its own. */
const KILL_AT = resolve("test/agent/node/kill-at.pl");

/** Calls that change a disk, and those that an install can't do without. */
const CHANGING = [
  "openat",
  "write",
  "mkdir",
  "fsync",
  "fdatasync",
  "sync",
  "linkat",
  "link",
  "rename",
  "renameat",
  "renameat2",
  "fchmodat",
  "chmod",
];

/** Calls by which processes begin, wait and end: a process that dies alone shows there to the others. */
const LIFE = ["execve", "clone", "vfork", "pipe2", "pipe", "wait4", "exit_group"];

/** The errors of full, dying and read-only disks, and a death, at every call that one process makes. */
export async function listCallFaults(bench: FaultBench): Promise<Fault[]> {
  const scene = setScene(bench);
  try {
    await installWith(bench, scene, { kind: "trace" });
    const most = countByCall(readFileSync(join(scene.home, "log"), "utf8"));
    const injections = ["error=ENOSPC", "error=EIO", "error=EROFS", "signal=KILL"];
    return [...most].flatMap(([call, count]) =>
      injections
        .filter(
          (inject) => CHANGING.includes(call) || (inject === "signal=KILL" && LIFE.includes(call)),
        )
        .flatMap((inject) =>
          Array.from({ length: count }, (_, index) => ({
            kind: "call" as const,
            call,
            inject,
            when: index + 1,
          })),
        ),
    );
  } finally {
    rmSync(scene.home, { recursive: true, force: true });
  }
}

/** For each call the most that one process makes: strace counts for each process. */
function countByCall(log: string): Map<string, number> {
  const counts = new Map<string, number>();
  const most = new Map<string, number>();
  for (const [, pid = "", call = ""] of log.matchAll(/^(\d+) +([a-z0-9_]+)\(/gm)) {
    const count = (counts.get(`${pid} ${call}`) ?? 0) + 1;
    counts.set(`${pid} ${call}`, count);
    if (count > (most.get(call) ?? 0)) most.set(call, count);
  }
  return most;
}

async function installWith(
  bench: FaultBench,
  scene: Scene,
  fault: Fault,
): Promise<{ outcome: ExecOutcome; report: NodeProgramReport }> {
  const asked = request(scene.dir, { replace: bench.before === "foreign" });
  const config = nodeConfig(NEW);
  const late = fault.kind === "late-directory" ? lateSync(scene) : undefined;
  const outcome = await runProgram(composeInstall({ ...asked, config }), {
    shell: late === undefined ? bench.shell : { ...bench.shell, path: late },
    prefix: prefixOf(fault, join(scene.home, "log")),
    edit: (parts) => spoil((bench.edit ?? same)(parts), fault),
  });
  const expect = { nonce: asked.nonce, digest: config.digest };
  return { outcome, report: (bench.read ?? readReport)(outcome, expect) };
}

function same(parts: Parts): Parts {
  return parts;
}

function prefixOf(fault: Fault, log: string): readonly string[] {
  switch (fault.kind) {
    case "kill":
      return ["/usr/bin/perl", KILL_AT, String(fault.at), log];
    case "call": {
      const { call, inject, when } = fault;
      return [
        "/usr/bin/strace",
        "-f",
        "-qq",
        "-o",
        log,
        "-e",
        `trace=${call}`,
        "-e",
        `inject=${call}:${inject}:when=${when}`,
      ];
    }
    case "trace":
      return ["/usr/bin/strace", "-f", "-qq", "-o", log];
    case "order":
      return [
        "/usr/bin/strace",
        "-f",
        "-qq",
        "-y",
        "-o",
        log,
        "-e",
        "trace=fsync,fdatasync,sync,syncfs,rename,renameat,renameat2",
      ];
    default:
      return [];
  }
}

function spoil(parts: Parts, fault: Fault): Parts {
  if (fault.kind === "cut") return { ...parts, payload: parts.payload.subarray(0, fault.bytes) };
  if (fault.kind !== "damage") return parts;
  const payload = Buffer.from(parts.payload);
  payload[fault.at] = (payload[fault.at] ?? 0) ^ 1;
  return { ...parts, payload };
}

function lateSync({ home, file }: Scene): string {
  const real = "/usr/bin:/bin";
  const tools = makeWrappers(join(home, "tools"), {
    sync: `[ -d '${file}' ] || { rm -f '${file}'; mkdir '${file}'; }; PATH=${real}; exec sync "$@"`,
  });
  return `${tools}:${real}`;
}

/** The next push ends well and leaves nothing behind but what belongs there. */
async function judgeNext(
  { shell, before, arena }: FaultBench,
  scene: Scene,
): Promise<string | undefined> {
  const { report } = await installWith({ shell, before, arena }, scene, { kind: "none" });
  if (report.status !== "done") return `the next push ended as ${JSON.stringify(report)}`;
  if (!isNew(scene)) return "the next push did not bring the new file";
  const left = stateNames(scene.dir).filter(
    (name) => !/^(?:record\.[ab]|story-\S+|past-run-0)$/.test(name),
  );
  const isKept = left.length === 1 && left[0]?.startsWith("kept-") && before === "foreign";
  return left.length === 0 || isKept ? undefined : `the next push left ${left.join(" ")}`;
}
