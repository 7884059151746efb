import { once } from "node:events";
import net from "node:net";

/** Which way bytes flow: from the client up, from the server down. */
export type Direction = "up" | "down";

export interface CutProxyOptions {
  /** Ends the connection after so many bytes of one direction; the bytes before still pass. */
  readonly cut?: {
    readonly direction: Direction;
    readonly after: number;
    readonly how: "rst" | "fin";
  };
  /** From so many bytes of one direction on nothing passes any more, either way, and nothing ends. */
  readonly blackHole?: { readonly direction: Direction; readonly after: number };
  /** Bytes in one segment. */
  readonly sliceBytes?: number;
  /** Added to every chunk, each way, ms. */
  readonly delayMs?: number;
}

export interface CutProxy {
  readonly port: number;
  /** Bytes passed so far over all connections. */
  readonly passed: Readonly<Record<Direction, number>>;
  /** Connections taken so far. */
  readonly connections: number;
  /** From now on nothing passes, either way, on any connection. */
  freeze(): void;
  /** Ends all connections with RST. */
  reset(): void;
  stop(): Promise<void>;
}

/** A TCP proxy to `127.0.0.1:targetPort` that misbehaves at an exact byte. */
export async function startCutProxy(
  targetPort: number,
  options: CutProxyOptions = {},
): Promise<CutProxy> {
  const passed = { up: 0, down: 0 };
  const pairs = new Set<Pair>();
  let connections = 0;
  const server = net.createServer((client) => {
    connections += 1;
    const pair = new Pair(client, net.connect(targetPort, "127.0.0.1"), { options, passed });
    pairs.add(pair);
    client.once("close", () => pairs.delete(pair));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const reset = () => {
    for (const pair of pairs) pair.end("rst");
  };
  return {
    port,
    passed,
    get connections() {
      return connections;
    },
    freeze() {
      for (const pair of pairs) pair.frozen = true;
    },
    reset,
    async stop() {
      reset();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
}

class Pair {
  frozen = false;
  readonly #client: net.Socket;
  readonly #upstream: net.Socket;
  readonly #options: CutProxyOptions;
  readonly #total: Record<Direction, number>;
  /** Bytes of this connection. */
  readonly #count: Record<Direction, number> = { up: 0, down: 0 };

  constructor(
    client: net.Socket,
    upstream: net.Socket,
    shared: { readonly options: CutProxyOptions; readonly passed: Record<Direction, number> },
  ) {
    this.#client = client;
    this.#upstream = upstream;
    this.#options = shared.options;
    this.#total = shared.passed;
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
    }
    client.on("data", (chunk) => this.#pass("up", chunk, upstream));
    upstream.on("data", (chunk) => this.#pass("down", chunk, client));
    client.on("end", () => this.frozen || upstream.end());
    upstream.on("end", () => this.frozen || client.end());
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => this.frozen || client.destroySoon());
    if (this.#options.cut?.after === 0) this.end(this.#options.cut.how);
    if (this.#options.blackHole?.after === 0) this.frozen = true;
  }

  end(how: "rst" | "fin"): void {
    this.frozen = true;
    for (const socket of [this.#client, this.#upstream]) {
      if (how === "rst") socket.resetAndDestroy();
      else socket.destroySoon();
    }
  }

  #pass(direction: Direction, chunk: Buffer, to: net.Socket): void {
    if (this.frozen) return;
    const { cut, blackHole } = this.#options;
    const limits = [cut, blackHole].filter((limit) => limit?.direction === direction);
    const room = Math.min(
      chunk.length,
      ...limits.map((limit) => (limit?.after ?? 0) - this.#count[direction]),
    );
    const part = chunk.subarray(0, room);
    this.#count[direction] += part.length;
    this.#total[direction] += part.length;
    this.#send(part, to);
    if (cut?.direction === direction && this.#count[direction] >= cut.after) this.end(cut.how);
    if (blackHole?.direction === direction && this.#count[direction] >= blackHole.after) {
      this.frozen = true;
    }
  }

  #send(bytes: Buffer, to: net.Socket): void {
    const { sliceBytes = bytes.length || 1, delayMs = 0 } = this.#options;
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      const piece = bytes.subarray(at, at + sliceBytes);
      if (delayMs === 0) to.write(piece);
      else setTimeout(() => to.destroyed || to.write(piece), delayMs);
    }
  }
}
