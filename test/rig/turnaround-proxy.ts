import { once } from "node:events";
import net from "node:net";
import type { Direction } from "./cut-proxy.ts";

/** What one side sent before it could have heard more from the other. */
export interface Turn {
  readonly direction: Direction;
  /** 1 for what waited for nothing; else one more than the turn that it may answer. */
  readonly depth: number;
  readonly bytes: number;
}

export interface TurnaroundProxy {
  readonly port: number;
  /** All turns so far, by depth. */
  turns(): Turn[];
  stop(): Promise<void>;
}

/** Longer than a side takes to answer, so that what it sends meanwhile was no answer. */
const ONE_WAY_MS = 60;

/**
 * A TCP proxy to a host's port for one connection, which tells how often the sides wait for each other.
 * Both directions are held back by the same time, and each chunk is numbered as by Lamport's clocks: one more
 * than what had reached its sender. What both sides say at once is no waiting, whichever comes by here first.
 */
export async function startTurnaroundProxy(
  targetPort: number,
  targetHost = "127.0.0.1",
): Promise<TurnaroundProxy> {
  const turns = new Map<string, Turn>();
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(targetPort, targetHost);
    const heard: Record<Direction, number> = { up: 0, down: 0 };
    const pass = (direction: Direction, from: net.Socket, to: net.Socket) => {
      const answer = direction === "up" ? "down" : "up";
      sockets.add(from.setNoDelay(true).on("error", () => undefined));
      from.on("data", (chunk) => {
        const depth = heard[direction] + 1;
        const key = `${depth} ${direction}`;
        const bytes = (turns.get(key)?.bytes ?? 0) + chunk.length;
        turns.set(key, { direction, depth, bytes });
        setTimeout(() => {
          heard[answer] = Math.max(heard[answer], depth);
          if (!to.destroyed) to.write(chunk);
        }, ONE_WAY_MS);
      });
      from.on("end", () => setTimeout(() => to.end(), ONE_WAY_MS));
      from.on("close", () => setTimeout(() => to.destroySoon(), ONE_WAY_MS));
    };
    pass("up", client, upstream);
    pass("down", upstream, client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    turns: () => [...turns.values()].sort((a, b) => a.depth - b.depth),
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
