import { expect, it } from "vitest";
import { tryOnNode } from "../../../agent/operations/node-try.ts";
import { createTransport } from "../../../agent/transport/create-transport.ts";
import { makeArena } from "../../rig/arena.ts";
import { installJob, newNodeConfig } from "../../rig/push-target.ts";
import { startSshd } from "../../rig/sshd.ts";
import { NEVER, optionsFor, targetOf } from "../../rig/transport.ts";
import { startTurnaroundProxy } from "../../rig/turnaround-proxy.ts";

it("a whole push, handshake included, waits for the node at most nine times", async () => {
  const sshd = await startSshd();
  const arena = makeArena();
  const proxy = await startTurnaroundProxy(sshd.port);
  const transport = await createTransport(optionsFor(sshd, { port: proxy.port }));
  try {
    const job = installJob(newNodeConfig(), arena.newDir());
    const tried = await tryOnNode(transport, targetOf("127.0.0.1"), { job, signal: NEVER });
    expect(tried).toMatchObject({ type: "answered", answer: { what: "updated" } });
    const turns = proxy.turns();
    const waits = Math.ceil((turns.at(-1)?.depth ?? 0) / 2);
    const path = turns.map(({ direction, bytes }) => `${direction} ${bytes}`).join(", ");
    console.info(`${waits} turnarounds: ${path}`);
    expect(waits).toBeGreaterThanOrEqual(5);
    expect(waits).toBeLessThanOrEqual(9);
  } finally {
    await transport.close();
    await proxy.stop();
    arena.remove();
    await sshd.stop();
  }
});
