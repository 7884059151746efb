import { PullcastError } from "../errors.ts";
import type { TransportChoice } from "../model.ts";
import type { AgentLists } from "./agent-list.ts";
import { type HostSettings, plainSettings } from "./host-settings.ts";
import { needsSystemSsh, seenKeys } from "./key-kinds.ts";
import type { HostRoute } from "./resolve-host.ts";
import type { SshOptions } from "./transport.ts";

/** Decides for each host what carries the work. */
export interface Chooser {
  /** Whether ssh2 can use what the command line names. */
  mayBeSsh2(): Promise<boolean>;
  /** @throws {PullcastError} PC241 where the user wants ssh2 and it can't reach the host */
  choose(route: HostRoute): Promise<TransportChoice>;
  /** What to try instead after a failure, if anything. */
  afterFailure(choice: TransportChoice, error: unknown): TransportChoice | undefined;
}

/** Makes the chooser of a run. */
export function createChooser(options: SshOptions, listAgent: AgentLists): Chooser {
  const { transport: wanted = "auto" } = options;
  const keyNeed = async (host: HostSettings) =>
    needsSystemSsh(await seenKeys(host, await listAgent(host.agentSocket)));
  return {
    async mayBeSsh2() {
      if (wanted !== "auto") return wanted === "ssh2";
      return (await keyNeed(plainSettings({ host: "" }, options))) === undefined;
    },
    async choose({ host, jumps }) {
      if (wanted === "openssh") {
        return { transport: "openssh", transportReason: "--transport openssh" };
      }
      const hosts = [host, ...jumps];
      const needs = hosts.flatMap(({ system }) => system?.needs ?? []);
      if (wanted === "ssh2") {
        const vital = needs.find(({ isVital }) => isVital);
        if (vital !== undefined) throw onlySystem(vital.why);
        return { transport: "ssh2", transportReason: "--transport ssh2" };
      }
      const [need] = needs;
      const why = need?.why ?? (await firstOf(hosts, keyNeed));
      return why === undefined
        ? { transport: "ssh2", transportReason: "nothing needs the system's ssh" }
        : { transport: "openssh", transportReason: why };
    },
    afterFailure({ transport }, error) {
      // Nothing was authenticated yet, so nothing is weakened.
      if (wanted !== "auto" || transport !== "ssh2") return undefined;
      if (!(error instanceof PullcastError) || error.code !== "PC208") return undefined;
      return { transport: "openssh", transportReason: `ssh2 has ${error.message}` };
    },
  };
}

async function firstOf<T>(
  hosts: readonly HostSettings[],
  find: (host: HostSettings) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const host of hosts) {
    const found = await find(host);
    if (found !== undefined) return found;
  }
  return undefined;
}

function onlySystem(why: string): PullcastError {
  return new PullcastError("PC241", { phase: "resolve", detail: why });
}
