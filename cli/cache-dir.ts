import { join } from "node:path";
import type { Host } from "./host.ts";

/** A directory of this user's caches; it need not exist. */
export function userCacheDir(
  { env, homeDir }: Pick<Host, "env" | "homeDir">,
  name: string,
): string {
  const { XDG_CACHE_HOME: cache } = env;
  return join(cache || join(homeDir, ".cache"), "pullcast", name);
}
