import type { ExecOutcome, Target } from "../../agent/model.ts";
import { Secret } from "../../agent/secret.ts";
import { createTransport } from "../../agent/transport/create-transport.ts";
import type { Session, SshOptions, Transport } from "../../agent/transport/transport.ts";
import type { Sshd } from "./sshd.ts";

/** Limits generous enough for a busy machine. */
export const LIMITS: SshOptions["limits"] = {
  resolveMs: 5000,
  connectMs: 10_000,
  handshakeMs: 10_000,
  authMs: 15_000,
  channelMs: 10_000,
  execIdleMs: 15_000,
  execTotalMs: 20_000,
  teardownMs: 1000,
};

/** Options that log in to a rig's sshd, by ssh2 unless told otherwise. */
export function optionsFor(sshd: Sshd, changes: Partial<SshOptions> = {}): SshOptions {
  return {
    transport: "ssh2",
    user: sshd.user,
    port: sshd.port,
    identities: [sshd.key],
    knownHosts: [sshd.knownHosts],
    hostKeyChecking: "strict",
    limits: LIMITS,
    version: "test",
    ...changes,
  };
}

export function targetOf(host: string, port?: number): Target {
  return { name: "node-1", host, addressKind: "given", ...(port === undefined ? {} : { port }) };
}

export const NEVER: AbortSignal = new AbortController().signal;

/** Opens a session with options, hands it on, and closes all. */
export async function withSession<T>(
  options: SshOptions,
  use: (session: Session, transport: Transport) => Promise<T>,
): Promise<T> {
  const transport = await createTransport(options);
  try {
    const session = await transport.open(targetOf("127.0.0.1"), NEVER);
    return await use(session, transport);
  } finally {
    await transport.close();
  }
}

/** Runs one command in a session of its own. */
export function runCommand(
  options: SshOptions,
  command: string,
  input: string | Uint8Array = "",
): Promise<ExecOutcome> {
  const bytes = typeof input === "string" ? Buffer.from(input) : input;
  return withSession(options, (session) =>
    session.run({ command, input: new Secret<Uint8Array>(bytes), signal: NEVER }),
  );
}
