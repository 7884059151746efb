import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { BedError } from "./model.ts";

const LIMIT_FILE = "/proc/sys/fs/inotify/max_user_instances";
/** Seen: systemd 5, kubelet 5, containerd 1, logind 1. */
const PER_NODE = 12;
const CONTROL_PLANE = 4;

/**
 * Throws BedError if the kernel would not give a cluster of that size its inotify instances: its kubelets
 * would start, say "too many open files", and never be Ready. The limit is the machine's; nobody changes it unasked.
 */
export function checkInotify(nodes: number): void {
  const limit = Number(readFileSync(LIMIT_FILE, "utf8"));
  const used = usedByRoot();
  const needed = nodes * PER_NODE + CONTROL_PLANE;
  if (used + needed <= limit) return;
  throw new BedError(
    `the kernel gives root ${limit} inotify instances; ${used} are in use and this bed needs ${needed}: take another bed down, or sysctl fs.inotify.max_user_instances=1024`,
  );
}

/** Inotify instances held by processes of root, as far as this process may look. */
function usedByRoot(): number {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.reduce((sum, pid) => sum + instancesOf(pid), 0);
}

function instancesOf(pid: string): number {
  try {
    if (statSync(`/proc/${pid}`).uid !== 0) return 0;
    return readdirSync(`/proc/${pid}/fd`).filter((fd) => isInotify(`/proc/${pid}/fd/${fd}`)).length;
  } catch {
    // It ended, or isn't ours to look at.
    return 0;
  }
}

function isInotify(path: string): boolean {
  try {
    return readlinkSync(path).endsWith("inotify");
  } catch {
    return false;
  }
}
