import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NodeReport, Target } from "../../../agent/model.ts";
import { nodeReport } from "../../../agent/operations/node-report.ts";
import { type NodeTry, tryOnNode } from "../../../agent/operations/node-try.ts";
import { runItems } from "../../../agent/rollout/run-items.ts";
import { createTransport } from "../../../agent/transport/create-transport.ts";
import type { PhaseLimits } from "../../../agent/transport/transport.ts";
import { makeArena } from "../../rig/arena.ts";
import { startCutProxy } from "../../rig/cut-proxy.ts";
import { installedDigest, installJob, newNodeConfig } from "../../rig/push-target.ts";
import { SCRIPTED_FAULTS, SCRIPTED_FLOODS } from "../../rig/scripted-faults.ts";
import { type Sshd, startSshd } from "../../rig/sshd.ts";
import { startScriptedPeers } from "../../rig/start-scripted-peers.ts";
import { LIMITS, NEVER, optionsFor, targetOf } from "../../rig/transport.ts";
import { startTurnaroundProxy } from "../../rig/turnaround-proxy.ts";

/** For peers whose phase never ends: short, yet longer than a busy machine needs for the phases before. */
const STALL_LIMITS: PhaseLimits = {
  resolveMs: 5000,
  connectMs: 5000,
  handshakeMs: 5000,
  authMs: 5000,
  channelMs: 5000,
  execIdleMs: 5000,
  execTotalMs: 8000,
  teardownMs: 500,
};

/** No node may take longer than all its phases, with time for the machine to be busy. */
const LONGEST_MS = 60_000;

/** What is said of a node: its code and phase, and the reason. */
type Verdict = readonly [string, string, RegExp?];

/** Each ends at the limit of its phase. */
const STALLS: Readonly<Record<string, Verdict>> = {
  "accepts and is silent": ["PC207", "handshake", /no handshake within 5 s/],
  "accepts and reads nothing": ["PC207", "handshake", /no handshake within 5 s/],
  "drips its name": ["PC207", "handshake", /no handshake within 5 s/],
  "is silent after its name": ["PC207", "handshake", /no handshake within 5 s/],
  "never answers the login": ["PC227", "auth", /no login within 5 s/],
  "drips banners": ["PC227", "auth", /no login within 5 s/],
  "renews keys that nobody asked for": ["PC227", "auth"],
  "never opens the channel": ["PC227", "channel", /no answer within 5 s/],
  "never answers the program": ["PC227", "channel", /no answer within 5 s/],
  "never reads the program": ["PC322", "exec", /silent for 5 s/],
  "runs for ever in silence": ["PC322", "exec", /silent for 5 s/],
  "drips output for ever": ["PC322", "exec", /not done within 8 s/],
};

/** Each ends at once. */
const FAULTS: Readonly<Record<string, Verdict>> = {
  "closes at once": ["PC205", "handshake"],
  "resets after our name": ["PC205", "handshake", /ECONNRESET/],
  "speaks HTTP": ["PC205", "handshake", /it said "HTTP\/1.1 400/],
  "speaks rubbish": ["PC205", "handshake"],
  "closes after its name": ["PC207", "handshake"],
  "speaks rubbish after its name": ["PC207", "handshake"],
  "tells a packet of 4 GB": ["PC207", "handshake", /packet length/],
  "speaks SSH 1": ["PC207", "handshake"],
  "signs with another key": ["PC257", "host-key"],
  "refuses the login": ["PC221", "auth"],
  "disconnects with a long text in the login": ["PC221", "auth"],
  "renews keys without end in the login": ["PC228", "auth", /key renewals/],
  "closes after the login": ["PC226", "channel"],
  "tells a success twice": ["PC225", "channel"],
  "refuses the channel": ["PC225", "channel"],
  "closes instead of opening the channel": ["PC226", "channel"],
  "takes packets of no byte": ["PC225", "channel", /takes no data/],
  "refuses the program": ["PC225", "channel"],
  "closes instead of running the program": ["PC226", "channel"],
  "closes the link while it runs": ["PC322", "exec"],
  "closes the channel without a status": ["PC322", "exec"],
  "tells a status and closes the link": ["PC322", "exec"],
  "tells a status and never closes the channel": ["PC225", "install", /exit code 7/],
  "tells a status in one piece with its start and never closes the channel": [
    "PC225",
    "install",
    /exit code 7/,
  ],
  "says that a signal killed it": ["PC322", "exec", /killed by SIGKILL/],
  "disconnects with a long text while it runs": ["PC322", "exec"],
  "sends a packet that nobody signed": ["PC322", "exec"],
  "renews keys without end while the program runs": ["PC322", "exec", /key renewals/],
  "says all twice": ["PC225", "install", /exit code 9/],
  "ends with a status and ignores our goodbye": ["PC225", "install", /exit code 5/],
};

/** A busy machine may not bring enough small packets within the limits. */
const SMALL = /nothing asked for|silent for|not done within/;

const FLOODS: Readonly<Record<string, Verdict>> = {
  "floods short lines before its name": ["PC205", "handshake"],
  "floods one line before its name": ["PC205", "handshake"],
  "floods bytes after its name": ["PC207", "handshake"],
  "floods banners": ["PC228", "auth", /banner/],
  "floods questions in the login": ["PC221", "auth", /offered/],
  "floods ignore messages in the login": ["PC228", "auth", /nothing asked for/],
  "floods debug messages in the login": ["PC228", "auth", /nothing asked for/],
  "floods global requests in the login": ["PC228", "auth", /nothing asked for/],
  "floods global requests instead of opening a channel": ["PC228", "channel"],
  "floods global requests and reads no answer": ["PC228", "channel"],
  "floods channels of its own": ["PC228", "channel"],
  "floods stdout": ["PC322", "exec", /8 MiB of output/],
  "floods stderr": ["PC322", "exec", /8 MiB of output/],
  "floods stdout beyond its window": ["PC322", "exec", /8 MiB of output/],
  "floods stdout byte by byte": ["PC322", "exec", SMALL],
  "floods stderr of an unknown type": ["PC322", "exec", /nothing asked for/],
  "floods ignore messages while the program runs": ["PC322", "exec", /nothing asked for/],
  "floods empty ignore messages while the program runs": ["PC322", "exec", SMALL],
  "floods unimplemented messages while the program runs": ["PC322", "exec", SMALL],
  "floods window adjustments": ["PC322", "exec", SMALL],
  "floods data of unknown channels": ["PC322", "exec", /nothing asked for/],
};

/** Where a link to a real sshd is cut or falls silent: after each of its answers. */
const ANSWERS: readonly (readonly [string, cut: Verdict, silent: Verdict])[] = [
  ["its name", ["PC207", "handshake"], ["PC207", "handshake"]],
  ["its algorithms", ["PC207", "handshake"], ["PC207", "handshake"]],
  ["its host key", ["PC226", "auth"], ["PC227", "auth"]],
  ["the start of the login", ["PC226", "auth"], ["PC227", "auth"]],
  ["taking the key", ["PC226", "auth"], ["PC227", "auth"]],
  ["the login", ["PC226", "channel"], ["PC227", "channel"]],
  ["the channel", ["PC226", "channel"], ["PC227", "channel"]],
  ["the program's start", ["PC322", "exec"], ["PC322", "exec"]],
];

const SOUND = 10;

const arena = makeArena();
const stops: (() => unknown)[] = [];
const reports = new Map<string, NodeReport>();
const config = newNodeConfig();
const dirs = new Map<string, string>();
let sshd: Sshd;

beforeAll(async () => {
  sshd = await startSshd();
  stops.push(() => sshd.stop());
  const cuts = await startCuts();
  await pushToAll([...(await startScripted(STALLS)), ...cuts.silent], {
    limits: STALL_LIMITS,
    concurrency: 32,
  });
  await pushToAll([...(await startScripted(FAULTS)), ...cuts.cut], {
    limits: LIMITS,
    concurrency: 16,
  });
  await pushToAll(await startScripted(FLOODS), { limits: LIMITS, concurrency: 4 });
}, 400_000);

afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
  arena.remove();
});

function named(name: string, port: number): Target {
  return { ...targetOf("127.0.0.1", port), name };
}

async function startScripted(faults: object): Promise<Target[]> {
  const peers = await startScriptedPeers(join(sshd.dir, "host_ed25519"), Object.keys(faults));
  stops.push(peers.stop);
  return [...peers.ports].map(([name, port]) => named(name, port));
}

async function startCuts(): Promise<{ readonly silent: Target[]; readonly cut: Target[] }> {
  const silent: Target[] = [];
  const cut: Target[] = [];
  const answers = await answerBytes();
  let after = 0;
  for (const [index, [answer]] of ANSWERS.entries()) {
    after += answers[index] ?? Number.NaN;
    for (const how of ["fin", "rst", "silent"] as const) {
      const place = { direction: "down", after } as const;
      const options = how === "silent" ? { blackHole: place } : { cut: { ...place, how } };
      const proxy = await startCutProxy(sshd.port, options);
      stops.push(proxy.stop);
      (how === "silent" ? silent : cut).push(named(`${how} after ${answer}`, proxy.port));
    }
  }
  return { silent, cut };
}

/** How many bytes each answer of this sshd has. */
async function answerBytes(): Promise<number[]> {
  const proxy = await startTurnaroundProxy(sshd.port);
  const transport = await createTransport(optionsFor(sshd));
  try {
    const job = installJob(newNodeConfig(), arena.newDir());
    const target = targetOf("127.0.0.1", proxy.port);
    const tried = await tryOnNode(transport, target, { job, signal: NEVER });
    expect(tried.type).toBe("answered");
    return proxy.turns().flatMap(({ direction, bytes }) => (direction === "down" ? [bytes] : []));
  } finally {
    await transport.close();
    await proxy.stop();
  }
}

/** One run over all of these, sound nodes among them. */
async function pushToAll(
  bad: readonly Target[],
  { limits, concurrency }: { readonly limits: PhaseLimits; readonly concurrency: number },
): Promise<void> {
  const targets = [...bad];
  for (let count = 0; count < SOUND; count += 1) {
    const at = Math.floor((targets.length * count) / SOUND);
    targets.splice(at, 0, named(`sound-${dirs.size}-${count}`, sshd.port));
  }
  for (const { name } of targets) dirs.set(name, arena.newDir());
  const transport = await createTransport(optionsFor(sshd, { limits }));
  try {
    await runItems<Target, NodeTry>({
      items: targets,
      concurrency,
      signal: NEVER,
      graceMs: 0,
      work: async (target, signal) => {
        const startedMs = performance.now();
        const job = installJob(config, dirs.get(target.name) ?? "");
        const tried = await tryOnNode(transport, target, { job, signal });
        const durationMs = performance.now() - startedMs;
        const context = { tried, lostBefore: false, durationMs, now: new Date() };
        reports.set(target.name, nodeReport(target, context));
        return tried;
      },
    });
  } finally {
    await transport.close();
  }
}

function expectVerdict(name: string, [code, phase, reason]: Verdict): void {
  const report = reports.get(name);
  expect(report).toMatchObject({ code, phase, result: code === "PC322" ? "unknown" : "failed" });
  expect(report?.durationMs).toBeLessThan(LONGEST_MS);
  const { message = "" } = report ?? {};
  if (reason !== undefined) expect(message).toMatch(reason);
  expect(message.length).toBeLessThan(500);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none may get through
  expect(message).not.toMatch(/[\u0000-\u001f]/);
}

describe("a scripted peer that", () => {
  it("misbehaves in each way of the rig is in one of these tables", () => {
    const told = Object.keys({ ...STALLS, ...FAULTS });
    expect(told.sort()).toEqual(Object.keys(SCRIPTED_FAULTS).sort());
    expect(Object.keys(FLOODS)).toEqual(Object.keys(SCRIPTED_FLOODS));
  });

  it.each(Object.entries({ ...STALLS, ...FAULTS, ...FLOODS }))("%s", (name, verdict) => {
    expectVerdict(name, verdict);
  });
});

describe("a real sshd whose link", () => {
  it.each(ANSWERS)("ends or falls silent after %s", (answer, cut, silent) => {
    expectVerdict(`fin after ${answer}`, cut);
    expectVerdict(`rst after ${answer}`, cut);
    expectVerdict(`silent after ${answer}`, silent);
  });
});

it("all sound nodes of the same run are updated", async () => {
  const sound = [...reports].filter(([name]) => name.startsWith("sound-"));
  expect(sound.map(([, { result }]) => result)).toEqual(Array(3 * SOUND).fill("updated"));
  for (const [name] of sound) {
    expect(await installedDigest(dirs.get(name) ?? "")).toBe(config.digest);
  }
});
