import type { HostRoute } from "./resolve-host.ts";
import type { Session } from "./transport.ts";

/** One way to carry work to hosts. */
export interface RouteOpener {
  /** @throws {PullcastError} PC2xx with the phase; the abort reason when `signal` aborts */
  open(route: HostRoute, signal: AbortSignal): Promise<Session>;
  /** Ends what is shared between sessions, and the sessions. */
  close(): Promise<void>;
}
