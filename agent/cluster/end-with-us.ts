import { spawn } from "node:child_process";

/** What is to end with this process. */
interface Companion {
  readonly pid: number;
  /** Removed too. */
  readonly dir: string;
}

/**
 * Ends a process and removes its directory when this process ends without doing it (SIGKILL, out of memory):
 * no handler runs then, and a proxy with this user's rights would stay.
 * A shell in a session of its own waits for the end of a pipe that only this process holds open.
 *
 * @returns ends the watch; to be called once the companion has ended, since its pid may soon be another's
 */
export function endWithUs({ pid, dir }: Companion): () => void {
  const shell = spawn("/bin/sh", ["-c", 'read -r _; kill "$1"; rm -rf "$2"', "sh", `${pid}`, dir], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    env: { PATH: "/usr/bin:/bin" },
  });
  // Where there is no shell (Windows) the companion is watched by nobody, as before.
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  shell.unref();
  return () => void shell.kill("SIGKILL");
}
