import type { ClientChannel } from "ssh2";
import { PullcastError } from "../errors.ts";
import type { ExecOutcome } from "../model.ts";
import { cleanText } from "../util/clean-text.ts";
import type { Connection } from "./connection.ts";
import { withLimit } from "./limit.ts";
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
    const outcome = await new ProgramRun(connection, channel, { ...options, request }).end();
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
    const channel = await withLimit(opened, {
      ms,
      signal: request.signal,
      onLimit: () => sshError("PC227", { at, phase, detail: `no answer within ${seconds(ms)}` }),
    });
    if (takesData(channel)) return channel;
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

/** What cloud images answer to root (cloud-init: `disable_root_opts`). */
const OTHER_LOGIN = /Please login as the user "?([\w.-]{1,32})"? rather than/;

function refuseOtherLogin(at: string, outcome: ExecOutcome): void {
  if (outcome.end.type === "exit" && outcome.end.code === 0) return;
  const user = OTHER_LOGIN.exec(outcome.stdout)?.[1];
  if (user === undefined) return;
  // A forced command ran in place of ours.
  throw sshError("PC229", {
    at,
    phase: "channel",
    detail: `it wants ${user}`,
    ...(user === "NONE" ? {} : { fix: `--ssh-user ${user}` }),
  });
}
