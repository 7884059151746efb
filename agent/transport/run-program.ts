import type { ClientChannel } from "ssh2";
import { PullcastError } from "../errors.ts";
import type { ExecEnd, ExecOutcome } from "../model.ts";
import { cleanText } from "../util/clean-text.ts";
import type { Connection } from "./connection.ts";
import { onAbort, withLimit } from "./limit.ts";
import { Output } from "./output.ts";
import { seconds, sshError } from "./ssh-error.ts";
import type { ExecRequest, PhaseLimits } from "./transport.ts";

/** More output than this is a flood: a program's report is a few lines, a survey's 6 MiB at most. */
const FLOOD_BYTES = 8 * 1024 * 1024;

/** Input is handed over in pieces, so that progress shows. */
const PIECE_BYTES = 32 * 1024;

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
    const outcome = await pump(connection, channel, { ...options, request });
    refuseOtherLogin(options.at, outcome);
    return outcome;
  } catch (error) {
    connection.fail(error);
    throw error;
  }
}

async function openChannel(
  connection: Connection,
  request: ExecRequest,
  { at, limits }: RunOptions,
): Promise<ClientChannel> {
  request.signal.throwIfAborted();
  const phase = "channel";
  const opened = new Promise<ClientChannel>((resolve, reject) => {
    connection.client.exec(request.command, (error, channel) =>
      error ? reject(error) : resolve(channel),
    );
  });
  const ms = limits.channelMs;
  try {
    return await withLimit(opened, {
      ms,
      signal: request.signal,
      onLimit: () => sshError("PC227", { at, phase, detail: `no answer within ${seconds(ms)}` }),
    });
  } catch (error) {
    if (error instanceof PullcastError || request.signal.aborted) throw error;
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

interface PumpOptions extends RunOptions {
  readonly request: ExecRequest;
}

/** Feeds the input, takes both outputs, and waits for the channel's end. */
function pump(
  connection: Connection,
  channel: ClientChannel,
  { at, limits, request }: PumpOptions,
): Promise<ExecOutcome> {
  return new Promise((resolve, reject) => {
    const stdout = request.keepAll === true ? new Output(FLOOD_BYTES) : new Output();
    const stderr = new Output();
    let received = 0;
    let done = false;
    let offAbort: (() => void) | undefined;
    const end = (settle: () => void) => {
      done = true;
      clearTimeout(total);
      clearTimeout(idle);
      offAbort?.();
      settle();
    };
    const fail = (code: "PC227" | "PC228", detail: string) =>
      end(() => reject(sshError(code, { at, phase: "exec", detail })));
    const total = setTimeout(
      () => fail("PC227", `not done within ${seconds(limits.execTotalMs)}`),
      limits.execTotalMs,
    );
    const idle = setTimeout(
      () => fail("PC227", `silent for ${seconds(limits.execIdleMs)}`),
      limits.execIdleMs,
    );
    const onProgress = () => {
      // refresh() would wake a timer that was cleared.
      if (!done) idle.refresh();
    };
    const take = (output: Output) => (chunk: Buffer) => {
      onProgress();
      output.add(chunk);
      received += chunk.length;
      if (received > FLOOD_BYTES) fail("PC228", "more than 8 MiB of output");
    };
    channel.on("data", take(stdout)).on("error", () => undefined);
    channel.stderr.on("data", take(stderr)).on("error", () => undefined);
    channel.on("close", (code?: number | null, signal?: string) => {
      // A cut link closes the channel too, maybe after a status but before the output's last bytes.
      const status = connection.closed ? { type: "lost" as const } : endOf(code, signal);
      end(() => resolve({ end: status, stdout: stdout.text(), stderr: stderr.text() }));
    });
    offAbort = onAbort(request.signal, () => end(() => reject(request.signal.reason)));
    if (!done) feed(channel, request, onProgress);
  });
}

function endOf(code: number | null | undefined, signal: string | undefined): ExecEnd {
  if (typeof code === "number") return { type: "exit", code };
  return code === null ? { type: "signal", name: signal ?? "unknown" } : { type: "lost" };
}

/** Writes all of the input, then its end. The only place of this folder where a secret is revealed. */
function feed(channel: ClientChannel, request: ExecRequest, onProgress: () => void): void {
  const bytes = request.input.reveal();
  const writeFrom = (offset: number) => {
    const rest = bytes.subarray(offset);
    if (rest.length <= PIECE_BYTES) {
      channel.end(rest);
      return;
    }
    channel.write(rest.subarray(0, PIECE_BYTES), (error) => {
      if (error) return;
      onProgress();
      writeFrom(offset + PIECE_BYTES);
    });
  };
  writeFrom(0);
}

/** What cloud images answer to root (cloud-init: `disable_root_opts`). */
const OTHER_LOGIN = /Please login as the user "?([\w.-]{1,32})"? rather than/;

function refuseOtherLogin(at: string, outcome: ExecOutcome): void {
  if (outcome.end.type === "exit" && outcome.end.code === 0) return;
  const user = OTHER_LOGIN.exec(outcome.stdout)?.[1];
  if (user === undefined) return;
  throw sshError("PC229", {
    at,
    phase: "exec",
    detail: `it wants ${user}`,
    ...(user === "NONE" ? {} : { fix: `--ssh-user ${user}` }),
  });
}
