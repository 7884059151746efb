import { once } from "../util/once.ts";
import { type AgentSign, agentKeys, createAgentSign } from "./agent-keys.ts";
import type { AgentLists } from "./agent-list.ts";
import type { HostSettings } from "./host-settings.ts";
import { type KeyFile, readKeyFile } from "./key-file.ts";
import { keySettingsId } from "./key-kinds.ts";
import { collectLoginKeys, type LoginKeys } from "./login-keys.ts";
import type { Ssh2 } from "./ssh2.ts";
import type { SshOptions } from "./transport.ts";
import { createUnlockKey } from "./unlock-key.ts";

/**
 * The keys to log in with by a host's settings.
 * @throws {PullcastError} PC222 if a given identity can't be used
 */
export type Keyring = (settings: HostSettings) => Promise<LoginKeys>;

/** Makes the keyring of a run: each file is read once and each agent listed once, for all hosts. */
export function createKeyring(
  ssh2: Ssh2,
  { limits, askSecret }: Pick<SshOptions, "limits" | "askSecret">,
  agents: AgentLists,
): Keyring {
  const files = new Map<string, Promise<KeyFile>>();
  const signers = new Map<string, AgentSign>();
  const collected = new Map<string, Promise<LoginKeys>>();
  const read = (path: string) => once(files, path, () => readKeyFile(ssh2, path));
  const unlock = askSecret && createUnlockKey(askSecret);
  const agentAt = async (path: string | undefined) => {
    const list = await agents(path);
    const sign = once(signers, path ?? "", () => createAgentSign(path ?? "", limits.authMs));
    return { ...list, keys: agentKeys(ssh2, list), sign };
  };
  return (settings) => {
    const { agentSocket } = settings;
    return once(collected, keySettingsId(settings), async () =>
      collectLoginKeys(settings, { read, unlock, agent: await agentAt(agentSocket) }),
    );
  };
}
