import { access, constants } from "node:fs/promises";
import { PullcastError } from "../errors.ts";
import type { Target } from "../model.ts";
import { createAgentLists } from "./agent-list.ts";
import { createChooser } from "./choose-transport.ts";
import { createHostTrusts } from "./host-trust.ts";
import { createOpensshOpener } from "./openssh/openssh-opener.ts";
import { createPasswords, type Passwords } from "./passwords.ts";
import { createHostResolver, type HostResolver, type HostRoute } from "./resolve-host.ts";
import type { RouteOpener } from "./route-opener.ts";
import { systemCode } from "./ssh-error.ts";
import { createSsh2Opener } from "./ssh2-opener.ts";
import { StartLimits } from "./start-limits.ts";
import type { ChosenTransport, Session, SshOptions, Transport } from "./transport.ts";

/**
 * Makes the transport of a run: for each host the one that can reach it, both by the same settings.
 *
 * @param resolver - tells how each host is reached
 * @param shared.passwords - of several transports that ask for the same
 * @throws {PullcastError} PC215, PC222, PC235, PC264 or PC266 if a file or an option that was named can't be used
 */
export async function createTransport(
  options: SshOptions,
  resolver: HostResolver = createHostResolver(options),
  { passwords = createPasswords(options) }: { readonly passwords?: Passwords } = {},
): Promise<Transport> {
  const { limits } = options;
  const starts = new StartLimits();
  const agents = createAgentLists(limits.authMs);
  const trusts = createHostTrusts();
  const approved = new Set<string>();
  const chooser = createChooser(options, { agents, trusts });
  let opening: Promise<RouteOpener> | undefined;
  const ssh2 = () => {
    opening ??= createSsh2Opener(options, {
      ...{ starts, agents, trusts, approved },
      passwords: options.askPass === true ? passwords : undefined,
    });
    return opening;
  };
  const openssh = createOpensshOpener({ limits, starts, trusts });
  // What the command line names is a fault of the run, not of a node.
  await Promise.all([
    resolver.prepare(),
    (await chooser.mayBeSsh2()) ? ssh2() : checkFiles(options.identities),
  ]);
  const chosen = new WeakMap<Target, ChosenTransport>();
  const openBy = async (choice: ChosenTransport, route: HostRoute, signal: AbortSignal) => {
    const opener = choice.transport === "ssh2" ? await ssh2() : openssh;
    return await opener.open(route, signal);
  };
  return {
    chosen: (target) => chosen.get(target),
    approve: ({ id }) => void approved.add(id),
    async open(target, signal): Promise<Session> {
      signal.throwIfAborted();
      const route = await resolver.routeTo(target);
      const choice = await chooser.choose(route);
      chosen.set(target, choice);
      try {
        return await openBy(choice, route, signal);
      } catch (error) {
        const other = chooser.afterFailure(choice, error);
        if (other === undefined || signal.aborted) throw error;
        chosen.set(target, other);
        return await openBy(other, route, signal);
      }
    },
    async close() {
      const opened = await opening?.catch(() => undefined);
      await Promise.all([opened?.close(), openssh.close()]);
    },
  };
}

/** ssh itself passes over a file that isn't there. */
async function checkFiles(identities: readonly string[]): Promise<void> {
  for (const path of identities) {
    try {
      await access(path, constants.R_OK);
    } catch (cause) {
      const why = systemCode(cause) === "ENOENT" ? "it does not exist" : systemCode(cause);
      throw new PullcastError("PC222", { phase: "auth", detail: `${path}: ${why}`, cause });
    }
  }
}
