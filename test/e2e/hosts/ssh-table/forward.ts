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
 * @param onEnd - called when a connection has ended; those after it wait until it is done
 * @throws {NotHere} if this machine has no such address
 */
export async function startForward(
  home: Home,
  server: Server,
  { host, onEnd }: { readonly host: "127.0.0.1" | "::1"; readonly onEnd?: () => Promise<void> },
): Promise<Forward> {
  let ended = Promise.resolve();
  const forward = createServer((client) => {
    client.on("error", () => client.destroy());
    void ended.then(() => {
      const upstream = connect(server.port, server.address);
      client.on("close", () => upstream.destroy()).pipe(upstream);
      const end = () => {
        ended = ended.then(onEnd);
      };
      // Before the client can know of it.
      upstream.on("end", end).on("error", end);
      upstream.on("error", () => client.destroy()).pipe(client);
    });
  }).listen(0, host);
  home.onEnd(() => forward.close());
  try {
    await once(forward, "listening");
  } catch (cause) {
    throw new NotHere(`this machine has no address ${host}`, { cause });
  }
  return { port: (forward.address() as AddressInfo).port };
}

/**
 * Connections to a server whose clients never say a word; those that it drops are tried again.
 * @returns what ends them all, and waits until the server is done with them
 */
export async function occupy(
  home: Home,
  server: Server,
  count: number,
): Promise<() => Promise<void>> {
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
  return async () => {
    // sshd hangs up in its turn when the process that it had for the connection ends.
    const open = [...sockets].filter(({ closed }) => !closed);
    const gone = open.map((socket) => new Promise((done) => socket.once("close", done)));
    for (const socket of open) socket.resume().end();
    await Promise.all(gone);
  };
}
