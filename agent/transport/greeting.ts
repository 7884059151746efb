import type { Readable } from "node:stream";

/** What may come before `SSH-`. */
const GREETING_LIMIT = 1024;

/** That, and the offer of algorithms behind it. */
const LIMIT = 8 * 1024;

/** What a peer says in the clear. */
export interface Greeting {
  /** Listens before ssh2, which may fail over these very bytes. */
  listen(socket: Readable): void;
  stop(socket: Readable): void;
  /** To its `SSH-` at most, and 1 KiB; sshd's throttling notice comes there, and ssh2 drops it. */
  text(): string;
  /** From its `SSH-` on, some KiB at most. */
  offer(): Buffer;
}

/** Makes a listener for what comes first. */
export function readGreeting(): Greeting {
  let bytes = Buffer.alloc(0);
  let owner: Readable | undefined;
  const onData = (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk.subarray(0, LIMIT - bytes.length)]);
    if (bytes.length >= LIMIT) owner?.off("data", onData);
  };
  const start = () => /(?:^|\n)(?=SSH-)/.exec(bytes.toString("latin1", 0, GREETING_LIMIT));
  return {
    listen(socket) {
      owner = socket;
      socket.prependListener("data", onData);
    },
    stop(socket) {
      socket.off("data", onData);
      // A connection may live for long.
      bytes = Buffer.alloc(0);
    },
    text() {
      const end = start();
      const text = bytes.toString("latin1", 0, end?.index ?? GREETING_LIMIT);
      return end === null ? text : `${text}\nSSH-`;
    },
    offer() {
      const found = start();
      return found === null ? Buffer.alloc(0) : bytes.subarray(found.index + found[0].length);
    },
  };
}
