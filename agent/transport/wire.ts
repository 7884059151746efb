import type { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";

/** What an SSH connection runs over: a TCP socket, or a channel through a jump host. */
export interface Wire extends Duplex {
  /** Ends once what was written is out. */
  destroySoon(): void;
}

/** Makes a wire of a forwarded channel. */
export function channelWire(channel: ClientChannel): Wire {
  // Stays for the channel's life: an error after its end must find a listener.
  channel.on("error", () => undefined);
  return Object.assign(channel, { destroySoon: () => channel.destroy() }) as unknown as Wire;
}
