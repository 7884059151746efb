import { userInfo } from "node:os";
import { join } from "node:path";
import type { SshConfig } from "./transport.ts";

/** A file of ssh's configuration. */
export interface SshConfigFile {
  readonly path: string;
  /** Where its relative includes are. */
  readonly includeDir: string;
  /** `-F`: must be there; `user`: must be nobody else's to change. */
  readonly kind: "given" | "user" | "system";
}

/** The files that ssh reads, in its order: `-F` replaces both. */
export function sshConfigFiles({ file }: SshConfig): SshConfigFile[] {
  const userDir = join(userInfo().homedir, ".ssh");
  if (file === "none") return [];
  if (file !== undefined) return [{ path: file, includeDir: userDir, kind: "given" }];
  return [
    { path: join(userDir, "config"), includeDir: userDir, kind: "user" },
    { path: "/etc/ssh/ssh_config", includeDir: "/etc/ssh", kind: "system" },
  ];
}
