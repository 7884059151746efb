import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

/** A place for kubelets' directories. */
export interface Arena {
  readonly dir: string;
  /** Makes an empty directory in it, as a kubelet's is: root's, 0755. */
  newDir(): string;
  remove(): void;
}

/**
 * A directory that only root can change, all the way up: what programs on a node insist on.
 * Under /tmp, where anybody may write, they would refuse to work.
 */
export function makeArena(): Arena {
  const dir = mkdtempSync("/var/lib/pullcast-test-");
  chmodSync(dir, 0o755);
  let count = 0;
  return {
    dir,
    newDir() {
      count += 1;
      const path = join(dir, `root-${count}`);
      mkdirSync(path, { mode: 0o755 });
      return path;
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
