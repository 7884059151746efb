import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type Home, NotHere } from "./model.ts";
import type { Server } from "./servers.ts";

export interface Forward {
  readonly port: number;
}

/**
 * A port of this machine that leads to a server until the home goes.
 *
 * @param host - the address to listen on
 * @param onEnd - called each time a connection has ended
 * @throws {NotHere} if this machine has no such address
 */
export async function startForward(
  home: Home,
  server: Server,
  { host, onEnd }: { readonly host: "127.0.0.1" | "::1"; readonly onEnd?: () => void },
): Promise<Forward> {
  const forward = createServer((client) => {
    const upstream = connect(server.port, server.address);
    client.on("error", () => upstream.destroy()).pipe(upstream);
    upstream.on("error", () => client.destroy()).pipe(client);
    if (onEnd !== undefined) client.on("close", onEnd);
  }).listen(0, host);
  home.onEnd(() => forward.close());
  try {
    await once(forward, "listening");
  } catch (cause) {
    throw new NotHere(`this machine has no address ${host}`, { cause });
  }
  return { port: (forward.address() as AddressInfo).port };
}

/** Connections to a server whose clients never say a word; those that it drops are tried again. */
export async function occupy(home: Home, server: Server, count: number): Promise<() => void> {
  const sockets = new Set<Socket>();
  const leave = () => {
    for (const socket of sockets) socket.destroy();
  };
  home.onEnd(leave);
  while (sockets.size < count) {
    const socket = connect(server.port, server.address).on("error", () => undefined);
    const [word] = (await once(socket, "data")) as [Buffer];
    // sshd has taken it when it says its version.
    if (word.toString().startsWith("SSH-2.0")) sockets.add(socket);
    else socket.destroy();
  }
  return leave;
}
