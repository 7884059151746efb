import { expect, test } from "vitest";
import type { ExecOutcome } from "../../../agent/model.ts";
import { admissionOf, rootAccess } from "../../../agent/node/become.ts";
import { withPasswordTrial } from "../../../agent/operations/password-trial.ts";
import { Secret } from "../../../agent/secret.ts";
import type { ExecRequest, Transport } from "../../../agent/transport/transport.ts";
import { NEVER, targetOf } from "../../rig/transport.ts";

const QUESTION = "PULLCAST1-asks-admin:";
const READY = { stdout: "\nPULLCAST1 ready\n", stderr: QUESTION };
const UNASKED = { ...READY, stderr: "" };
const WRONG = { stdout: "", stderr: `${QUESTION}\nsudo: 1 incorrect password attempt\n` };

type Said = Pick<ExecOutcome, "stdout" | "stderr">;

/** A stub for nodes that answer in a known order, which no real ones do: each waits until it is told what to say. */
class StubNodes implements Transport {
  readonly asked: { readonly node: string; readonly say: (said: Said) => void }[] = [];

  async open({ name: node }: Parameters<Transport["open"]>[0]) {
    return {
      user: "admin",
      hostKeyFingerprint: "SHA256:none",
      run: async ({ admission }: ExecRequest): Promise<ExecOutcome> => {
        const said = await new Promise<Said>((say) => this.asked.push({ node, say }));
        admission?.judge(said);
        return { end: { type: "exit", code: 1 }, ...said };
      },
      close: async () => undefined,
    };
  }

  approve() {}

  chosen() {
    return undefined;
  }

  async close() {}
}

const BECOME = { password: new Secret("sesame") };

function start(count: number) {
  const nodes = new StubNodes();
  const transport = withPasswordTrial(nodes, BECOME);
  const admission = admissionOf(rootAccess("admin", BECOME));
  const runs = Array.from({ length: count }, async (_, index) => {
    const session = await transport.open({ ...targetOf("192.0.2.1"), name: `n${index}` }, NEVER);
    const input = new Secret<Uint8Array>(Buffer.from("x"));
    const more = admission === undefined ? {} : { admission };
    return await session.run({ command: "x", input, signal: NEVER, ...more });
  });
  const names = () => nodes.asked.map(({ node }) => node);
  return { nodes, names, ended: Promise.allSettled(runs) };
}

test("without a password there is nothing to try", () => {
  const nodes = new StubNodes();
  expect(withPasswordTrial(nodes, undefined)).toBe(nodes);
  expect(withPasswordTrial(nodes, { method: "sudo" })).toBe(nodes);
});

test("what a session tells of itself while it works is told on", async () => {
  let begun = false;
  const nodes = new StubNodes();
  const open: Transport["open"] = async (target) => ({
    ...(await nodes.open(target)),
    get begun() {
      return begun;
    },
  });
  const stub: Transport = {
    open,
    approve: nodes.approve,
    chosen: nodes.chosen,
    close: nodes.close,
  };
  const session = await withPasswordTrial(stub, BECOME).open(targetOf("192.0.2.1"), NEVER);
  expect(session.begun).toBe(false);
  begun = true;
  expect(session.begun).toBe(true);
});

test("a password that the first node refuses reaches no other", async () => {
  const { nodes, names, ended } = start(5);
  await expect.poll(names).toEqual(["n0"]);
  nodes.asked[0]?.say(WRONG);
  const [first, ...rest] = await ended;
  expect(first).toMatchObject({ status: "fulfilled" });
  for (const other of rest) {
    expect(other).toMatchObject({
      reason: { code: "PC236", detail: "it was not tried here after n0 had refused it" },
    });
  }
  expect(names()).toEqual(["n0"]);
});

test("once one node has taken it, all others are asked side by side, and refuse for themselves", async () => {
  const { nodes, names, ended } = start(4);
  await expect.poll(names).toEqual(["n0"]);
  nodes.asked[0]?.say(READY);
  await expect.poll(names).toEqual(["n0", "n1", "n2", "n3"]);
  for (const { say } of nodes.asked) say(WRONG);
  expect((await ended).map(({ status }) => status)).toEqual(Array(4).fill("fulfilled"));
});

test("nodes that ask for none prove nothing of it", async () => {
  const { nodes, names, ended } = start(3);
  await expect.poll(names).toEqual(["n0"]);
  nodes.asked[0]?.say(UNASKED);
  await expect.poll(names).toEqual(["n0", "n1"]);
  nodes.asked[1]?.say(WRONG);
  expect((await ended)[2]).toMatchObject({ status: "rejected", reason: { code: "PC236" } });
});
