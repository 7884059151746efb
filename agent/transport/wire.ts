import type { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";

/** What an SSH connection runs over: a TCP socket, or a channel through a jump host. */
export interface Wire extends Duplex {
  /** Ends once what was written is out. */
  destroySoon(): void;
  /** Told of all bytes that came over it; absent where nobody needs to know. */
  readonly onReceived?: (bytes: number) => void;
}

/** Makes a wire of a forwarded channel. */
export function channelWire(channel: ClientChannel, onReceived: (bytes: number) => void): Wire {
  // Stays for the channel's life: an error after its end must find a listener.
  channel.on("error", () => undefined);
  const wire = { destroySoon: () => channel.destroy(), onReceived };
  return Object.assign(channel, wire) as unknown as Wire;
}

/**
 * Sends what is written in answer to the same bytes in one go: ssh2 hands over each packet by itself, and each costs a
 * system call here and a wake-up there.
 */
export function sendTogether(wire: Wire): void {
  wire.prependListener("data", () => {
    if (held.has(wire)) return;
    if (held.size === 0) setImmediate(releaseAll);
    held.add(wire);
    wire.cork();
  });
}

/** What is to be sent at the end of this turn, by all connections. */
const held = new Set<Wire>();

function releaseAll(): void {
  const all = [...held];
  held.clear();
  for (const wire of all) wire.uncork();
}

/** OpenSSH sends 32 KiB; RFC 4253, 6.1 makes everybody take that much. */
const LEAST_PACKET_BYTES = 1024;

/** Whether the peer takes data in packets of a sane size: ssh2 would send empty ones for ever to a size of 0. */
export function takesData(channel: ClientChannel): boolean {
  const { packetSize }: { packetSize?: unknown } = Reflect.get(channel, "outgoing") ?? {};
  return typeof packetSize !== "number" || packetSize >= LEAST_PACKET_BYTES;
}
