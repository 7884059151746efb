import type { HostSettings } from "../host-settings.ts";
import { matchesGlob } from "../ssh-pattern.ts";

/** Without it nothing that the configuration names would be found. */
const KEPT: ReadonlySet<string> = new Set(["PATH", "HOME"]);

/** The environment for ssh: the user's, without what the configuration would send on to the node. */
export function childEnv({ system }: HostSettings): {
  readonly env?: Readonly<Record<string, string | undefined>>;
} {
  if (system === undefined) return {};
  const patterns = (system.answer.get("sendenv") ?? []).flatMap((line) => line.split(" "));
  const isSent = (name: string) =>
    !KEPT.has(name) && patterns.some((pattern) => matchesGlob(name, pattern));
  const env = Object.entries(system.config.env).filter(([name]) => !isSent(name));
  return { env: Object.fromEntries(env) };
}
