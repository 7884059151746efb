import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PullcastEvent } from "../../../agent/events.ts";
import type { Target } from "../../../agent/model.ts";
import { runOnNodes } from "../../../agent/operations/run-on-nodes.ts";
import { createTransport } from "../../../agent/transport/create-transport.ts";
import type { HostKeyOffer } from "../../../agent/transport/host-key-offer.ts";
import { makeArena } from "../../rig/arena.ts";
import { installJob, newNodeConfig } from "../../rig/push-target.ts";
import { type Sshd, startSshd } from "../../rig/sshd.ts";
import { LIMITS, NEVER } from "../../rig/transport.ts";
import { clusterNode } from "../cluster/cluster-node.ts";

const arena = makeArena();
let jump: Sshd;
let first: Sshd;
let second: Sshd;
beforeAll(async () => {
  [jump, first, second] = await Promise.all([startSshd(), startSshd(), startSshd()]);
});
afterAll(async () => {
  arena.remove();
  await Promise.all([jump, first, second].map((sshd) => sshd.stop()));
});

let dir: string;
let known: string;
let pinFile: string;
beforeEach(async () => {
  dir = arena.newDir();
  known = join(dir, "known_hosts");
  pinFile = join(dir, "pins");
  await writeFile(known, "");
});

function target(name: string, { host, port }: Sshd): Target {
  const node = clusterNode({ name, uid: `uid-${name}` });
  return { name, host, port, addressKind: "InternalIP", node };
}

interface RunOptions {
  readonly config?: string;
  readonly signal?: AbortSignal;
  readonly users?: string;
}

/** Gets the offers and the nodes that have ended. */
type Answer = (offers: readonly HostKeyOffer[], finished: readonly string[]) => Promise<boolean>;

async function run(answer: Answer, options: RunOptions = {}) {
  const file = join(dir, "ssh_config");
  await writeFile(file, options.config ?? "");
  await writeFile(known, options.users ?? "");
  const transport = await createTransport({
    user: first.user,
    identities: [first.key, second.key],
    defaultKnownHosts: { user: [known], global: [] },
    pinFile,
    config: { program: "ssh", file, options: [], homeDir: dir, env: {} },
    limits: LIMITS,
  });
  const events: PullcastEvent[] = [];
  const config = newNodeConfig();
  const targets = [target("a", first), target("b", second)];
  try {
    const reports = await runOnNodes({
      transport,
      targets,
      concurrency: 4,
      job: (shell) => installJob(config, join(dir, shell.target.name))(shell),
      signal: options.signal ?? NEVER,
      report: (event) => events.push(event),
      approveHostKeys: (offers) =>
        answer(
          offers,
          events.flatMap((event) => (event.type === "node-finished" ? [event.report.node] : [])),
        ),
    });
    const codes = [...reports.values()].map(({ node, code }) => `${node} ${code}`);
    return { codes, events: events.map((event) => `${event.type} ${nodeOf(event)}`) };
  } finally {
    await transport.close();
  }
}

function nodeOf(event: PullcastEvent): string {
  if (event.type === "node-started") return event.node;
  return event.type === "node-finished" ? event.report.node : "";
}

/** The directories aren't there: a login that came so far got PC309. */
const REACHED = ["a PC309", "b PC309"];

describe("unknown host keys of a run", () => {
  it("are one question, and a yes lets all in and pins them", async () => {
    const asked: (readonly HostKeyOffer[])[] = [];
    const { codes, events } = await run(async (offers) => {
      asked.push(offers);
      return true;
    });
    expect(codes).toEqual(REACHED);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.map(({ node, at }) => `${node} ${at}`).sort()).toEqual([
      `a 127.0.0.1:${first.port}`,
      `b 127.0.0.1:${second.port}`,
    ]);
    const pins = (await readFile(pinFile, "utf8")).trimEnd().split("\n").sort();
    expect(pins).toEqual([
      `node/uid-a ${first.hostKeys.ed25519} a`,
      `node/uid-b ${second.hostKeys.ed25519} b`,
    ]);
    expect(await readFile(known, "utf8")).toBe("");
    // Nobody is told twice of a node.
    expect(events.sort()).toEqual([
      ...["node-finished a", "node-finished b", "node-started a", "node-started b"],
    ]);
  });

  it("are refused by a no, and nothing is kept", async () => {
    const { codes } = await run(async () => false);
    expect(codes).toEqual(["a PC211", "b PC211"]);
    await expect(readFile(pinFile)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("are asked about only where nothing is known, once the others have ended", async () => {
    const users = `[127.0.0.1]:${first.port} ${first.hostKeys.ed25519}\n`;
    const asked: unknown[] = [];
    const answer: Answer = async (offers, finished) => {
      asked.push(
        offers.map(({ node }) => node),
        finished,
      );
      return true;
    };
    expect((await run(answer, { users })).codes).toEqual(REACHED);
    expect(asked).toEqual([["b"], ["a"]]);
  });

  it("of a jump host are one key, however many nodes are behind it; theirs come next", async () => {
    const config = [
      `Host jump`,
      ...["HostName 127.0.0.1", `Port ${jump.port}`, `User ${jump.user}`],
      ...[`IdentityFile ${jump.key}`, `UserKnownHostsFile ${known}`],
      "Host 127.0.0.1",
      "ProxyJump jump",
      "",
    ].join("\n");
    const asked: string[] = [];
    const answer: Answer = async (offers) => {
      asked.push(
        offers
          .map(({ node }) => node ?? "jump")
          .sort()
          .join(" "),
      );
      return true;
    };
    expect((await run(answer, { config })).codes).toEqual(REACHED);
    expect(asked).toEqual(["jump", "a b"]);
    // A jump host is the user's: it is known by its address.
    expect(await readFile(known, "utf8")).toBe(
      `[127.0.0.1]:${jump.port} ${jump.hostKeys.ed25519}\n`,
    );
  });

  it("that nobody answers before Ctrl-C are refused, and all that ended is told", async () => {
    const stop = new AbortController();
    const { codes } = await run(
      async () => {
        stop.abort();
        throw new Error("interrupted");
      },
      { signal: stop.signal },
    );
    expect(codes).toEqual(["a PC211", "b PC211"]);
  });
});
