import { once } from "node:events";
import net from "node:net";
import { Readable, type Writable } from "node:stream";
import ssh2 from "ssh2";

/** A server that follows a script where no real one can be made to misbehave so. */
export interface ScriptedServer {
  readonly port: number;
  stop(): void;
}

/** A TCP server on the loopback; what it says is the script's. */
export async function startScriptedTcp(
  onSocket: (socket: net.Socket) => void,
): Promise<ScriptedServer> {
  const sockets = new Set<net.Socket>();
  // It may answer the end of the other side, or not.
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    onSocket(socket);
  });
  return await listen(server, () => {
    for (const socket of sockets) socket.destroy();
  });
}

/** An SSH server on the loopback with this host key: ssh2's, with hooks for a script. */
export async function startScriptedSsh(
  hostKey: Buffer | ssh2.ParsedKey,
  onClient: (client: ssh2.Connection) => void,
): Promise<ScriptedServer> {
  const clients = new Set<ssh2.Connection>();
  const hostKeys = [Buffer.isBuffer(hostKey) ? hostKey : { key: hostKey }] as Buffer[];
  const server = new ssh2.Server({ hostKeys });
  server.on("connection", (client: ssh2.Connection) => {
    clients.add(client);
    client.on("error", () => undefined);
    client.once("close", () => clients.delete(client));
    onClient(client);
  });
  return await listen(server, () => {
    for (const client of clients) socketOf(client).destroy();
  });
}

async function listen(
  server: net.Server | ssh2.Server,
  hangUp: () => void,
): Promise<ScriptedServer> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    stop() {
      server.close();
      hangUp();
    },
  };
}

/** The TCP socket below an SSH connection. */
export function socketOf(client: ssh2.Connection): net.Socket {
  return Reflect.get(client, "_sock");
}

/** One SSH packet with this payload, whatever the protocol's state makes of it: ssh2's own methods keep the rules. */
export function sendPacket(client: ssh2.Connection, payload: Buffer): void {
  const protocol = Reflect.get(client, "_protocol");
  const { write } = Reflect.get(protocol, "_packetRW");
  const packet: Buffer = write.alloc(payload.length);
  packet.set(payload, write.allocStart);
  Reflect.get(protocol, "_cipher").encrypt(write.finalize(packet));
}

/** A payload of SSH: its message number, then bytes, texts as `string` and numbers as `uint32`. */
export function payload(type: number, ...parts: readonly (Buffer | string | number)[]): Buffer {
  return Buffer.concat([Buffer.from([type]), ...parts.map(field)]);
}

function field(part: Buffer | string | number): Buffer {
  if (Buffer.isBuffer(part)) return part;
  const number = Buffer.alloc(4);
  number.writeUInt32BE(typeof part === "number" ? part : Buffer.byteLength(part));
  return typeof part === "number" ? number : Buffer.concat([number, Buffer.from(part)]);
}

/** Calls `send` as fast as the socket takes it, until it is gone; others of this process get their turn. */
export function flood(socket: net.Socket, send: () => void): void {
  const step = () => {
    endIfOutOfHand();
    for (let count = 0; count < 1024 && socket.writableLength < 256 * 1024; count += 1) send();
    if (!socket.destroyed && socket.writable) setImmediate(step);
  };
  step();
}

const parent = process.ppid;

/** A flood that nobody reads must not outlive its test, nor eat the machine. */
function endIfOutOfHand(): void {
  if (process.ppid !== parent || process.memoryUsage.rss() > 1024 ** 3) process.exit(1);
}

/** Writes this text again and again, as fast as the stream takes it. */
export function floodStream(stream: Writable, text: string): void {
  const source = new Readable({
    read() {
      endIfOutOfHand();
      this.push(text);
    },
  });
  source.pipe(stream);
  stream.once("close", () => source.destroy());
}
