import { createConnector } from "./connector.ts";
import { plainSettings } from "./host-settings.ts";
import { createLogin } from "./login.ts";
import { createHostResolver, type HostResolver } from "./resolve-host.ts";
import { runProgram } from "./run-program.ts";
import { loadSsh2 } from "./ssh2.ts";
import type { Session, SshOptions, Transport } from "./transport.ts";

/**
 * Makes the transport of a run over ssh2: key files, known_hosts files and agents are read once for all hosts,
 * and each jump host is connected to once.
 *
 * @param resolver - tells how each host is reached
 * @throws {PullcastError} PC215, PC222, PC235 or PC266 if a file or an option that was named can't be used
 */
export async function createTransport(
  options: SshOptions,
  resolver: HostResolver = createHostResolver(options),
): Promise<Transport> {
  const { limits } = options;
  const login = createLogin(await loadSsh2(), options);
  // What the command line names is a fault of the run, not of a node.
  await Promise.all([resolver.prepare(), login.prepare(plainSettings({ host: "" }, options))]);
  const connector = createConnector(login, options);
  const sessions = new Set<Session>();
  const open = async (...[target, signal]: Parameters<Transport["open"]>): Promise<Session> => {
    signal.throwIfAborted();
    const route = await resolver.routeTo(target);
    const { connection, at, ...proved } = await connector.connect(route, signal);
    const session: Session = {
      user: route.host.user,
      ...proved,
      run: (request) => runProgram(connection, request, { at, limits }),
      async close() {
        sessions.delete(session);
        await connection.close();
      },
    };
    sessions.add(session);
    return session;
  };
  return {
    open,
    async close() {
      await Promise.all([...sessions].map((session) => session.close()));
      await connector.close();
    },
  };
}
