import type { ExecOutcome, TransportName } from "../../agent/model.ts";
import { Secret } from "../../agent/secret.ts";
import { createTransport } from "../../agent/transport/create-transport.ts";
import type { Session, SshOptions } from "../../agent/transport/transport.ts";
import { NEVER, targetOf } from "../rig/transport.ts";

/** All that carries work to a node. */
export const TRANSPORTS: readonly TransportName[] = ["ssh2", "openssh"];

export interface Attempt {
  readonly host?: string;
  readonly port?: number;
  readonly command?: string;
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/** Connects and runs a command: one of the transports connects when it is opened, the other when it runs. */
export async function attempt(
  options: SshOptions,
  { host = "127.0.0.1", port, command = "true", input = "", signal = NEVER }: Attempt = {},
): Promise<ExecOutcome & { readonly session: Session }> {
  const transport = await createTransport(options);
  try {
    const session = await transport.open(targetOf(host, port), signal);
    const secret = new Secret<Uint8Array>(Buffer.from(input));
    return { ...(await session.run({ command, input: secret, signal })), session };
  } finally {
    await transport.close();
  }
}

/** The error of an attempt; `undefined` where it came to an end. */
export async function failure(options: SshOptions, about: Attempt = {}): Promise<unknown> {
  return await attempt(options, about).then(
    () => undefined,
    (error: unknown) => error,
  );
}
