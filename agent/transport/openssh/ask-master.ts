import { spawn } from "node:child_process";
import type { HostSettings } from "../host-settings.ts";
import type { PhaseLimits } from "../transport.ts";
import { childEnv } from "./child-env.ts";
import { masterArguments } from "./ssh-arguments.ts";

const LIMIT_MS = 5000;

/** Whether the user has a live connection to a host that ssh would share (`ssh -O check`). Never throws. */
export async function hasMaster(
  host: HostSettings,
  limits: Pick<PhaseLimits, "connectMs">,
): Promise<boolean> {
  const { system } = host;
  if (system?.controlPath === undefined) return false;
  const child = spawn(system.config.program, masterArguments(host, { limits }), {
    stdio: "ignore",
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
    ...childEnv(host),
  });
  return await new Promise((resolve) => {
    child.once("error", () => resolve(false)).once("close", (code) => resolve(code === 0));
  });
}
