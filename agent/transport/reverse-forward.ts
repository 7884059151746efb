import type { Duplex } from "node:stream";
import type { Client, ClientChannel, RejectConnection, TcpConnectionDetails } from "ssh2";
import type { Connection } from "./connection.ts";
import type { ForwardedPort } from "./transport.ts";

const LOOPBACK = "127.0.0.1";
/** Open at once: anybody on the node may connect, and each costs us memory. */
const MAX_STREAMS = 32;

/**
 * Asks the host to listen on its loopback, at a port that it chooses, and hands over each connection to it (RFC 4254,
 * 7.1). Nothing listens on this machine.
 *
 * @param connection - logged in
 * @param onStream - destroyed with the connection at the latest
 * @returns `undefined` where the host does not let us: `AllowTcpForwarding no`, `PermitListen`, a restricted key
 */
export async function forwardFrom(
  { client, onUseful }: Connection,
  onStream: (stream: Duplex) => void,
): Promise<ForwardedPort | undefined> {
  const port = await new Promise<number | undefined>((resolve) => {
    const gone = () => resolve(undefined);
    client.once("close", gone);
    client.forwardIn(LOOPBACK, 0, (error, chosen) => {
      client.off("close", gone);
      resolve(error === undefined ? chosen : undefined);
    });
  });
  if (port === undefined) return undefined;
  let open = 0;
  const take = (
    { destPort }: TcpConnectionDetails,
    accept: () => ClientChannel,
    reject: RejectConnection,
  ) => {
    if (destPort !== port) return;
    if (open >= MAX_STREAMS) {
      reject();
      return;
    }
    const channel = accept();
    open += 1;
    channel.once("close", () => {
      open -= 1;
    });
    // What comes there is asked for: it is no flood.
    channel.on("data", (chunk: Buffer) => onUseful(chunk.length));
    channel.on("error", () => channel.destroy());
    onStream(channel);
  };
  client.on("tcp connection", take);
  return {
    port,
    async close() {
      client.off("tcp connection", take);
      await unforward(client, port);
    },
  };
}

/** A connection that is gone forwards nothing. */
async function unforward(client: Client, port: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      client.off("close", done);
      resolve();
    };
    client.once("close", done);
    try {
      client.unforwardIn(LOOPBACK, port, done);
    } catch {
      done();
    }
  });
}
