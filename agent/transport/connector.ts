import { performance } from "node:perf_hooks";
import type { ClientChannel } from "ssh2";
import type { PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";
import { connectSocket } from "./connect-socket.ts";
import { type HostSettings, limitsFor } from "./host-settings.ts";
import { withLimit } from "./limit.ts";
import type { LoggedIn, Login } from "./login.ts";
import type { HostRoute } from "./resolve-host.ts";
import { placeVia, seconds, sshError } from "./ssh-error.ts";
import type { StartLimits } from "./start-limits.ts";
import type { PhaseLimits, SshOptions } from "./transport.ts";
import { channelWire, takesData, type Wire } from "./wire.ts";

/** Connections to hosts, direct or through others: one connection to each jump host serves all behind it. */
export interface Connector {
  /** @throws {PullcastError} PC2xx, with the address of the host that failed; the abort reason */
  connect(route: HostRoute, signal: AbortSignal): Promise<LoggedIn>;
  /** Ends the connections to jump hosts. */
  close(): Promise<void>;
}

/** A jump host and those before it. */
interface Jump {
  readonly settings: HostSettings;
  readonly before: Jump | undefined;
  readonly key: string;
}

/** Makes the connector of a run. */
export function createConnector(
  login: Login,
  {
    limits: usual,
    onStep,
    starts,
  }: Pick<SshOptions, "limits" | "onStep"> & { readonly starts: StartLimits },
): Connector {
  const connections = new Map<string, Promise<LoggedIn>>();

  const loggedIn = (jump: Jump, signal: AbortSignal): Promise<LoggedIn> => {
    const there = connections.get(jump.key);
    if (there !== undefined) return there;
    const opening = open(jump.settings, jump.before, { signal, isJump: true });
    connections.set(jump.key, opening);
    // A lost jump host is connected to anew by the next try.
    const forget = () => {
      if (connections.get(jump.key) === opening) connections.delete(jump.key);
    };
    opening.then(({ connection }) => connection.client.once("close", forget), forget);
    return opening;
  };

  /** No slot is held while the jump host itself is waited for: it needs one too. */
  const open = async (
    host: HostSettings,
    jump: Jump | undefined,
    { signal, isJump }: { readonly signal: AbortSignal; readonly isJump: boolean },
  ): Promise<LoggedIn> => {
    const hop = jump === undefined ? undefined : await loggedIn(jump, signal);
    const start = async () => {
      signal.throwIfAborted();
      const via = hop?.at;
      const limits = limitsFor(host, usual);
      const startedMs = performance.now();
      const wire =
        hop === undefined
          ? await connectSocket(host, { limits, signal })
          : await forward(hop, { host, limits, signal });
      onStep?.({
        phase: "connect",
        at: placeVia(host, via),
        durationMs: performance.now() - startedMs,
        detail: hop === undefined ? "TCP" : "a channel of the jump host",
      });
      const way = via === undefined ? {} : { via };
      return await login.connect(host, { wire, signal, isJump, ...way });
    };
    return await starts.run(start, { host, jump: jump?.settings, signal });
  };

  return {
    connect: ({ host, jumps }, signal) => open(host, chain(jumps), { signal, isJump: false }),
    async close() {
      const opened = await Promise.allSettled(connections.values());
      // The last hop first: its goodbye goes through the others.
      for (const result of opened.reverse()) {
        if (result.status === "fulfilled") await result.value.connection.close();
      }
    },
  };
}

function chain(jumps: readonly HostSettings[]): Jump | undefined {
  let last: Jump | undefined;
  for (const settings of jumps) {
    // How others were led to it makes no other connection.
    const { system: _system, asJump: _asJump, ...own } = settings;
    last = { settings, before: last, key: JSON.stringify([last?.key ?? "", own]) };
  }
  return last;
}

/** A channel to a host, opened by the jump host, which also resolves its name. */
async function forward(
  { connection, at: via }: LoggedIn,
  options: {
    readonly host: HostSettings;
    readonly limits: PhaseLimits;
    readonly signal: AbortSignal;
  },
): Promise<Wire> {
  const { host, limits, signal } = options;
  const at = placeVia(host, via);
  const opened = new Promise<ClientChannel>((resolve, reject) => {
    connection.client.forwardOut("127.0.0.1", 0, host.host, host.port, (error, channel) => {
      if (error === undefined || error === null) resolve(channel);
      else reject(forwardError(error, { at, isLost: connection.closed }));
    });
  });
  const ms = limits.connectMs;
  try {
    const channel = await withLimit(opened, {
      ms,
      signal,
      onLimit: () =>
        sshError("PC203", {
          at,
          phase: "connect",
          detail: `no answer within ${seconds(ms)}`,
        }),
    });
    if (!takesData(channel)) {
      throw sshError("PC234", { at, phase: "connect", detail: "it takes no data" });
    }
    return channelWire(channel, connection.onUseful);
  } catch (error) {
    opened.then(
      (late) => late.destroy(),
      () => undefined,
    );
    throw error;
  }
}

/** RFC 4254, 5.1: reason 2 is "connect failed", 1 "administratively prohibited". */
function forwardError(
  cause: Error,
  { at, isLost }: { readonly at: string; readonly isLost: boolean },
): PullcastError {
  const options = { at, phase: "connect", detail: cleanText(cause.message, 200), cause } as const;
  if (isLost) return sshError("PC226", options);
  return sshError("reason" in cause && cause.reason === 2 ? "PC204" : "PC234", options);
}
