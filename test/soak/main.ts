/**
 * `npm run soak -- NAME [--seed N] [--points N]`: a long run; its evidence goes to test/soak/evidence/NAME.json.
 */
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { agentKills, agentNewNodes } from "./agent-kills.ts";
import { clientKill } from "./client-kill.ts";
import { cutLink } from "./cut-link.ts";
import { floods } from "./floods.ts";
import { heartbeats } from "./heartbeats.ts";
import { helmChart } from "./helm-chart.ts";
import { installFaults } from "./install-faults.ts";
import { keyring } from "./keyring.ts";
import { kubeletCache } from "./kubelet-cache.ts";
import { liveMode } from "./live-mode.ts";
import { namespaces } from "./namespaces.ts";
import { preload } from "./preload.ts";
import { mergeRace } from "./rollout/merge-race.ts";
import { rollout } from "./rollout/rollout.ts";
import { sixNodes } from "./six-nodes.ts";
import type { Evidence, SoakOptions } from "./soak.ts";
import { thousandInWaves } from "./thousand-in-waves.ts";
import { thousandLogins } from "./thousand-logins.ts";
import { watchKeeps } from "./watch-keeps.ts";

/** The runs there are, with the number of faults or cases that each makes unless told otherwise. */
const SOAKS: Record<string, { run: (options: SoakOptions) => Promise<Evidence>; points: number }> =
  {
    "install-faults": { run: installFaults, points: Number.POSITIVE_INFINITY },
    "cut-link": { run: cutLink, points: 2000 },
    "client-kill": { run: clientKill, points: 500 },
    floods: { run: floods, points: 60 },
    namespaces: { run: namespaces, points: 1000 },
    "six-nodes": { run: sixNodes, points: 1 },
    "thousand-in-waves": { run: thousandInWaves, points: 1000 },
    "thousand-logins": { run: thousandLogins, points: 1000 },
    keyring: { run: keyring, points: 1_000_000 },
    rollout: { run: rollout, points: 300 },
    "merge-race": { run: mergeRace, points: 100 },
    "live-mode": { run: liveMode, points: 20 },
    "agent-kills": { run: agentKills, points: 200 },
    "agent-new-nodes": { run: agentNewNodes, points: 10 },
    heartbeats: { run: heartbeats, points: 1000 },
    "helm-chart": { run: helmChart, points: 30 },
    "watch-keeps": { run: watchKeeps, points: 30 },
    preload: { run: preload, points: 20 },
    "kubelet-cache": { run: kubeletCache, points: 1 },
  };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string", default: "1" }, points: { type: "string" } },
});
const [name = ""] = positionals;
const soak = Object.hasOwn(SOAKS, name) ? SOAKS[name] : undefined;
if (soak === undefined) {
  console.error(`usage: npm run soak -- ${Object.keys(SOAKS).join("|")} [--seed N] [--points N]`);
  process.exit(2);
}

const seed = Number(values.seed);
const started = performance.now();
const counts = await soak.run({
  seed,
  points: values.points === undefined ? soak.points : Number(values.points),
  onProgress: (line) => console.error(line),
});
const evidence = {
  soak: name,
  seed,
  commit: execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim(),
  seconds: Math.round((performance.now() - started) / 1000),
  counts,
};
const text = `${JSON.stringify(evidence, null, 2)}\n`;
await mkdir("test/soak/evidence", { recursive: true });
await writeFile(`test/soak/evidence/${name}.json`, text);
process.stdout.write(text);
