import type { Readable } from "node:stream";

/** What may come before `SSH-`. */
const GREETING_LIMIT = 1024;

/** That, and the offer of algorithms behind it. */
const LIMIT = 8 * 1024;

/** So many pieces are kept as they came. */
const CHUNKS = 16;

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
  const chunks: Buffer[] = [];
  let size = 0;
  let owner: Readable | undefined;
  const onData = (chunk: Buffer) => {
    chunks.push(chunk);
    // A peer may send single bytes.
    if (chunks.length > CHUNKS) chunks.splice(0, chunks.length, Buffer.concat(chunks));
    size += chunk.length;
    if (size >= LIMIT) owner?.off("data", onData);
  };
  const said = () => {
    const bytes = Buffer.concat(chunks).subarray(0, LIMIT);
    const start = /(?:^|\n)(?=SSH-)/.exec(bytes.toString("latin1", 0, GREETING_LIMIT));
    return { bytes, start };
  };
  return {
    listen(socket) {
      owner = socket;
      socket.prependListener("data", onData);
    },
    stop(socket) {
      socket.off("data", onData);
      // A connection may live for long.
      chunks.length = 0;
    },
    text() {
      const { bytes, start } = said();
      const text = bytes.toString("latin1", 0, start?.index ?? GREETING_LIMIT);
      return start === null ? text : `${text}\nSSH-`;
    },
    offer() {
      const { bytes, start } = said();
      return start === null ? Buffer.alloc(0) : bytes.subarray(start.index + start[0].length);
    },
  };
}
