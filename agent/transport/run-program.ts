import type { ClientChannel } from "ssh2";
import { PullcastError } from "../errors.ts";
import type { ExecEnd, ExecOutcome } from "../model.ts";
import { cleanText } from "../util/clean-text.ts";
import type { Connection } from "./connection.ts";
import { withLimit } from "./limit.ts";
import { refuseOtherLogin } from "./other-login.ts";
import type { ProgramChannel } from "./program-channel.ts";
import { ProgramRun } from "./program-run.ts";
import { seconds, sshError } from "./ssh-error.ts";
import type { ExecRequest, PhaseLimits } from "./transport.ts";
import { takesData } from "./wire.ts";

interface RunOptions {
  readonly at: string;
  readonly limits: PhaseLimits;
}

/**
 * Runs one program over an open connection; see `Session.run`.
 * On any failure the connection is dead afterwards: what runs on the node can't be trusted to listen.
 */
export async function runProgram(
  connection: Connection,
  request: ExecRequest,
  options: RunOptions,
): Promise<ExecOutcome> {
  try {
    const channel = await openChannel(connection, request, options);
    const outcome = await new ProgramRun(channel, { ...options, request }).end();
    refuseOtherLogin(options.at, outcome);
    return outcome;
  } catch (error) {
    connection.fail(error);
    throw error;
  }
}

interface OpenChannel {
  readonly channel: ClientChannel;
  readonly program: ProgramChannel;
}

async function openChannel(
  connection: Connection,
  request: ExecRequest,
  { at, limits }: RunOptions,
): Promise<ProgramChannel> {
  request.signal.throwIfAborted();
  const phase = "channel";
  const opened = new Promise<OpenChannel>((resolve, reject) => {
    connection.client.exec(request.command, (error, channel) => {
      if (error) reject(error);
      // Listened to at once: its end may be in the packet after, which is read before any promise goes on.
      else resolve({ channel, program: programChannel(connection, channel) });
    });
  });
  const ms = limits.channelMs;
  try {
    const { channel, program } = await withLimit(opened, {
      ms,
      signal: request.signal,
      onLimit: () => sshError("PC227", { at, phase, detail: `no answer within ${seconds(ms)}` }),
    });
    if (takesData(channel)) return program;
    throw sshError("PC225", { at, phase, detail: "it takes no data" });
  } catch (error) {
    if (error instanceof PullcastError || request.signal.aborted) throw error;
    if (connection.flood !== undefined) {
      const { detail } = connection.flood;
      throw new PullcastError("PC228", { detail, phase, cause: error });
    }
    const refused = !connection.closed && connection.failure === undefined;
    throw sshError(refused && !isNotConnected(error) ? "PC225" : "PC226", {
      at,
      phase,
      cause: error,
      ...(refused && error instanceof Error ? { detail: cleanText(error.message, 200) } : {}),
    });
  }
}

function isNotConnected(error: unknown): boolean {
  return error instanceof Error && error.message === "Not connected";
}

function programChannel(connection: Connection, channel: ClientChannel): ProgramChannel {
  const ends = new ChannelEnds(connection, channel);
  return {
    input: channel,
    output: channel,
    errors: channel.stderr,
    onUseful: connection.onUseful,
    onEnd: (listeners) => ends.listen(listeners),
  };
}

type EndListeners = Parameters<ProgramChannel["onEnd"]>[0];

/** Keeps what a channel told of its end before somebody asked. */
class ChannelEnds {
  #listeners: EndListeners | undefined;
  #exit: ExecEnd | undefined;
  #close: ExecEnd | Error | undefined;

  constructor(connection: Connection, channel: ClientChannel) {
    channel
      .on("exit", (code: number | null, signal?: string) => {
        this.#exit = endOf(code, signal);
        this.#listeners?.exit(this.#exit);
      })
      .on("close", (code?: number | null, signal?: string) => {
        const { flood, closed } = connection;
        // A cut link closes the channel too, maybe after a status but before the output's last bytes.
        this.#close = flood ?? (closed ? { type: "lost" } : endOf(code, signal));
        this.#listeners?.close(this.#close);
      });
  }

  listen(listeners: EndListeners): void {
    this.#listeners = listeners;
    if (this.#exit !== undefined) listeners.exit(this.#exit);
    if (this.#close !== undefined) listeners.close(this.#close);
  }
}

function endOf(code: number | null | undefined, signal: string | undefined): ExecEnd {
  if (typeof code === "number") return { type: "exit", code };
  return code === null ? { type: "signal", name: signal ?? "unknown" } : { type: "lost" };
}
