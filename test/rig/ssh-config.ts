import type { Sshd } from "./sshd.ts";

/** An entry of ssh_config for a rig's server, with its own key and known_hosts; lines of `more` come first and win. */
export function configEntry(name: string, sshd: Sshd, ...more: readonly string[]): string {
  return [
    `Host ${name}`,
    ...more,
    "HostName 127.0.0.1",
    `Port ${sshd.port}`,
    `User ${sshd.user}`,
    `IdentityFile ${sshd.key}`,
    "IdentitiesOnly yes",
    `UserKnownHostsFile ${sshd.knownHosts}`,
    "",
  ].join("\n");
}
