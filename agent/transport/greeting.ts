import type { Readable } from "node:stream";

const LIMIT = 1024;

/** What a peer says before its `SSH-` line; sshd's throttling notice comes there, and ssh2 drops it. */
export interface Greeting {
  /** Listens beside ssh2, until `SSH-` or 1 KiB. */
  listen(socket: Readable): void;
  stop(socket: Readable): void;
  text(): string;
}

/** Makes a listener for what comes before `SSH-`. */
export function readGreeting(): Greeting {
  let text = "";
  let owner: Readable | undefined;
  const onData = (chunk: Buffer) => {
    text += chunk.toString("latin1", 0, LIMIT);
    const end = /(^|\n)SSH-/.exec(text);
    if (end !== null) text = `${text.slice(0, end.index)}\nSSH-`;
    if (end !== null || text.length >= LIMIT) owner?.off("data", onData);
  };
  return {
    listen(socket) {
      owner = socket;
      socket.on("data", onData);
    },
    stop: (socket) => socket.off("data", onData),
    text: () => text,
  };
}
