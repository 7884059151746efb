import { createConnector } from "./connector.ts";
import { plainSettings } from "./host-settings.ts";
import { createLogin, type LoginShared } from "./login.ts";
import { forwardFrom } from "./reverse-forward.ts";
import type { RouteOpener } from "./route-opener.ts";
import { runProgram } from "./run-program.ts";
import { loadSsh2 } from "./ssh2.ts";
import type { StartLimits } from "./start-limits.ts";
import type { Session, SshOptions } from "./transport.ts";

/**
 * Sessions over ssh2: key files, known_hosts files and agents are read once for all hosts, and each jump host
 * is connected to once.
 *
 * @throws {PullcastError} PC215 or PC222 if a file that the command line names can't be used, PC264 where nobody
 *   gives the password that is to be used
 */
export async function createSsh2Opener(
  options: SshOptions,
  { starts, ...shared }: LoginShared & { readonly starts: StartLimits },
): Promise<RouteOpener> {
  const { limits } = options;
  const login = createLogin(await loadSsh2(), options, shared);
  // What the command line names is a fault of the run, not of a node.
  await login.prepare(plainSettings({ host: "" }, options));
  await login.askFirst();
  const connector = createConnector(login, { ...options, starts });
  const sessions = new Set<Session>();
  return {
    async open(route, signal) {
      const { connection, at, ...proved } = await connector.connect(route, signal);
      const session: Session = {
        user: route.host.user,
        ...proved,
        run: (request) => runProgram(connection, request, { at, limits }),
        forward: (onStream) => forwardFrom(connection, onStream),
        async close() {
          sessions.delete(session);
          await connection.close();
        },
      };
      sessions.add(session);
      return session;
    },
    async close() {
      await Promise.all([...sessions].map((session) => session.close()));
      await connector.close();
    },
  };
}
