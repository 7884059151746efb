import net from "node:net";
import { sshString } from "./public-blob.ts";
import { systemCode } from "./ssh-error.ts";

/** OpenSSH's own limit for a message of its agent (AGENT_MAX_LEN). */
const MAX_BYTES = 256 * 1024;

/** What an agent's silence is called. */
export const NO_ANSWER = "it does not answer";

/**
 * Sends one request to ssh-agent and waits for its answer, in bounded time and memory.
 *
 * @param body - a message of the agent protocol (draft-miller-ssh-agent) without its length
 * @returns the answer's body
 * @throws {Error} a clause about the agent, for people: `it does not answer`
 */
export function requestAgent(socketPath: string, body: Buffer, limitMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketPath);
    const end = (error: Error | undefined, answer?: Buffer) => {
      clearTimeout(timer);
      socket.destroy();
      if (answer === undefined) reject(error);
      else resolve(answer);
    };
    const timer = setTimeout(() => end(new Error(NO_ANSWER)), limitMs);
    let bytes: Buffer = Buffer.alloc(0);
    socket
      .on("connect", () => socket.write(sshString(body)))
      .on("error", (error) => end(new Error(`it can't be reached (${systemCode(error)})`)))
      .on("close", () => end(new Error("it hung up")))
      .on("data", (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        if (bytes.length < 4) return;
        const length = bytes.readUInt32BE(0);
        if (length > MAX_BYTES) end(new Error("its answer is too long"));
        else if (bytes.length >= 4 + length) end(undefined, bytes.subarray(4, 4 + length));
      });
  });
}
