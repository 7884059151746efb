import type { PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";
import { offeredBy } from "./peer-offer.ts";
import { sshError, systemCode } from "./ssh-error.ts";

interface HandshakeEnd {
  readonly at: string;
  /** ssh2's or the socket's error; absent where the peer just closed. */
  readonly error?: Error;
  /** What the peer said first, to its `SSH-` at most. */
  readonly greeting: string;
  /** What it said from there on. */
  readonly offer: Buffer;
}

/** sshd: `Exceeded MaxStartups` (to 9.7), `Not allowed at this time` (from 9.8, PerSourcePenalties too). */
const THROTTLED = /Exceeded MaxStartups|Not allowed at this time/;

/** Whether sshd turned this machine away for a while: it may be for what we did, and lasts longer than a crowd. */
export function isPenalty(error: PullcastError): boolean {
  return error.code === "PC206" && error.message.includes("Not allowed at this time");
}

/** Why a handshake ended: PC205 to PC208 with phase `handshake`, PC257 with `host-key`. */
export function handshakeError({ at, error, greeting, offer }: HandshakeEnd): PullcastError {
  const phase = "handshake";
  const throttled = THROTTLED.exec(greeting);
  if (throttled !== null) {
    return sshError("PC206", { at, phase, detail: `it said "${throttled[0]}"`, cause: error });
  }
  const message = error?.message ?? "";
  if (/no matching/i.test(message)) {
    const what = cleanText(message.replace(/^Handshake failed: /, ""), 200);
    const offered = offeredBy(offer, message)?.join(", ");
    const detail = offered === undefined ? what : `${what}: it offers ${cleanText(offered, 400)}`;
    return sshError("PC208", { at, phase, detail, cause: error });
  }
  if (/signature verification failed/i.test(message)) {
    return sshError("PC257", { at, phase: "host-key", cause: error });
  }
  if (!greeting.endsWith("SSH-")) {
    const said = cleanText(greeting, 120);
    const detail = said === "" ? systemCode(error) : `it said "${said}"`;
    return sshError("PC205", { at, phase, detail, cause: error });
  }
  const detail = systemCode(error) || cleanText(message, 200) || "the peer closed the connection";
  return sshError("PC207", { at, phase, detail, cause: error });
}
