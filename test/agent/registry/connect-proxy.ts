import { createServer, type IncomingHttpHeaders } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** An HTTP proxy that leads each host to a port of this machine, so that tests can be any host. */
export interface ConnectProxy {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** What it was asked to connect to. */
  readonly tunnels: { authority: string; headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

interface ProxyOptions {
  /** Ports by `HOST:PORT`. */
  readonly routes: Readonly<Record<string, number>>;
  /** Answered instead of a tunnel. */
  readonly refuse?: number;
}

export async function connectProxy({ routes, refuse }: ProxyOptions): Promise<ConnectProxy> {
  const tunnels: ConnectProxy["tunnels"] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on("connect", (request, client: Socket) => {
    const authority = request.url ?? "";
    tunnels.push({ authority, headers: request.headers });
    const port = routes[authority];
    sockets.add(client);
    client.on("error", () => undefined);
    if (port === undefined || refuse !== undefined) {
      client.end(`HTTP/1.1 ${refuse ?? 502} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      client.pipe(upstream).pipe(client);
    });
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tunnels,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
