import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * Names this process so that another one on the same machine can tell whether it is still there: host, boot, space of
 * process ids, id and start. `undefined` where the system tells none of that (all but Linux).
 */
export function ownProcess(): string | undefined {
  const place = placeOfProcesses();
  const start = startOf(process.pid);
  return place === undefined || start === undefined
    ? undefined
    : `${place}/${process.pid}/${start}`;
}

/** Whether a process of that name was on this machine and has ended; `false` where nobody here can tell. */
export function hasEnded(name: string): boolean {
  const place = placeOfProcesses();
  if (place === undefined || !name.startsWith(`${place}/`)) return false;
  const [, pid = "", start = ""] = /^(\d{1,10})\/(\d+)$/.exec(name.slice(place.length + 1)) ?? [];
  return pid !== "" && startOf(Number(pid)) !== start;
}

function placeOfProcesses(): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${hostname()}/${boot}/${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return undefined;
  }
}

/** Ticks since the boot; the name before it may hold blanks and parentheses. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
