import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";

/** A port of the loopback whose queue of connections is full: a SYN to it gets no answer. */
export interface FullBacklog {
  readonly port: number;
  stop(): void;
}

/** Node always accepts connections; perl, which every Debian has, can leave them in the queue. */
const LISTEN = `
  use Socket;
  socket(my $s, PF_INET, SOCK_STREAM, 0); bind($s, sockaddr_in(0, INADDR_LOOPBACK)); listen($s, 0);
  $| = 1; print((sockaddr_in(getsockname($s)))[0], "\\n"); <STDIN>;
`;

export async function startFullBacklog(): Promise<FullBacklog> {
  const child = spawn("perl", ["-e", LISTEN], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(line.toString());
  // One connection may wait, and perhaps one more; from then on SYNs are dropped.
  const fillers = Array.from({ length: 4 }, () =>
    net.connect(port, "127.0.0.1").on("error", () => undefined),
  );
  await once(fillers[0] as net.Socket, "connect");
  return {
    port,
    stop() {
      for (const filler of fillers) filler.destroy();
      child.kill("SIGKILL");
    },
  };
}
