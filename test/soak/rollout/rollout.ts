import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { type Bed, upBed } from "../../bed/index.ts";
import { type CliRun, type CliUser, items, newCliUser } from "../../e2e/cli.ts";
import { KUBELET_CONFIG } from "../../e2e/node-file.ts";
import { seeded } from "../../rig/seeded.ts";
import type { Evidence, SoakOptions } from "../soak.ts";
import { cutLinks, FAULTS, type Fault, killNode, settled, stopApiServer } from "./machines.ts";
import { buildMutant } from "./mutants.ts";
import {
  digestOf,
  FOREIGN,
  type Judged,
  judgeFile,
  sourceOf,
  type ToldNode,
  untruth,
} from "./oracle.ts";

/** Runs that a mutant gets: some kill must hit the middle of an upload. */
const MUTANT_RUNS = 60;

/**
 * Pushes, merges and rollbacks on a real cluster while clients, links, nodes and the API server are killed at random
 * moments. After each: every file is whole, old or new; status tells the truth about each; the next push converges.
 * The same with a build that checks no digest must fail.
 */
export async function rollout(options: SoakOptions): Promise<Evidence> {
  const onProgress = options.onProgress ?? (() => undefined);
  const bed = await upBed({ name: `rollout-${process.pid}`, nodes: 3, cluster: true, onProgress });
  const mutant = await buildMutant("no digest check");
  try {
    const honest = await soak(bed, { ...options, onProgress });
    const caught = await soak(bed, {
      seed: options.seed,
      points: Math.min(MUTANT_RUNS, options.points),
      onProgress,
      program: mutant.program,
      // Only a client that dies or a link that breaks cuts an upload.
      faults: ["client", "client", "link"],
      untilBad: true,
    });
    return {
      ...honest,
      mutants: { "no digest check": caught.bad.length > 0 ? "caught" : "MISSED" },
    };
  } finally {
    await mutant.remove();
    await bed.down();
  }
}

interface SoakRun extends SoakOptions {
  readonly onProgress: (line: string) => void;
  readonly program?: string;
  readonly faults?: readonly Fault[];
  /** End at the first that is wrong. */
  readonly untilBad?: boolean;
}

interface Counts {
  readonly runs: number;
  readonly faults: Record<string, number>;
  readonly nodes: { old: number; new: number; absent: number };
  readonly exits: Record<string, number>;
  readonly converged: number;
  /** What was wrong, and in which run. */
  readonly bad: readonly string[];
}

async function soak(bed: Bed, options: SoakRun): Promise<Counts> {
  const random = seeded(options.seed);
  const user = await newCliUser({}, options.program);
  const scene = new Scene(bed, user);
  const counts = {
    runs: 0,
    faults: {} as Record<string, number>,
    nodes: { old: 0, new: 0, absent: 0 },
    exits: {} as Record<string, number>,
    converged: 0,
    bad: [] as string[],
  };
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  try {
    await scene.clean();
    let wholeMs = 3000;
    for (let point = 1; counts.runs < options.points; point += 1) {
      if (options.untilBad && counts.bad.length > 0) break;
      const fault = point === 1 ? "none" : pick(options.faults ?? FAULTS);
      const command = point < 3 ? "push" : pick(["push", "push", "merge", "rollback"] as const);
      if (command === "merge" && random() < 0.5) await scene.addForeign();
      const before = await scene.judge();
      const started = performance.now();
      const run = await scene.strike(command, {
        fault,
        at: random() * wholeMs * 1.05,
        which: random(),
      });
      if (fault === "none") wholeMs = performance.now() - started;
      await settled(bed);
      const after = await scene.judge();
      counts.runs += 1;
      count(counts.faults, fault);
      count(counts.exits, String(run.code));
      const told = await scene.status();
      const newest = Math.max(
        ...[...after.values()].map((one) => (one.type === "whole" ? one.number : 0)),
      );
      for (const { name } of bed.nodes) {
        const [was, is] = [before.get(name), after.get(name)] as [Judged, Judged];
        const wrong =
          is.type === "torn"
            ? `torn: ${is.why}`
            : (scene.wrongAnswer(run, name, [was, is]) ??
              (command === "rollback" ? undefined : untruth(told.get(name), is, newest)));
        if (wrong !== undefined)
          counts.bad.push(`run ${point} ${command} ${fault} ${name}: ${wrong}`);
        const same = JSON.stringify(was) === JSON.stringify(is);
        counts.nodes[is.type === "absent" ? "absent" : same ? "old" : "new"] += 1;
      }
      const converged = await scene.converge();
      if (converged === undefined) counts.converged += 1;
      else
        counts.bad.push(
          `run ${point} ${command} ${fault}: the next push did not converge: ${converged}`,
        );
      if (point % 10 === 0) options.onProgress(`${point} runs: ${JSON.stringify(counts)}`);
    }
    return counts;
  } finally {
    await user.remove();
  }
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** The nodes, the operator, and the number of the last push. */
class Scene {
  readonly #bed: Bed;
  readonly #user: CliUser;
  readonly #flags: readonly string[];
  readonly #source: string;
  #number = 0;

  constructor(bed: Bed, user: CliUser) {
    this.#bed = bed;
    this.#user = user;
    const { kubeconfig = "", kubectl = "", ssh } = bed;
    this.#flags = [
      ...["--kubeconfig", kubeconfig, "--kubectl", kubectl, "-i", ssh.key],
      ...["--known-hosts", ssh.knownHosts, "-o", "json"],
    ];
    this.#source = join(user.home, "config.json");
  }

  async clean(): Promise<void> {
    await this.#onAll("rm -rf /var/lib/kubelet/config.json /var/lib/kubelet/.pullcast");
  }

  /** Another tool adds an entry to what stands there. */
  async addForeign(): Promise<void> {
    await this.#onAll(
      `cd /var/lib/kubelet && ! grep -q foreign.example config.json && umask 077 && sed 's|{"auths":{|{"auths":{${FOREIGN},|' config.json >x.new && mv x.new config.json || :`,
    );
  }

  async #onAll(script: string): Promise<void> {
    await Promise.all(
      this.#bed.nodes.map(({ name }) => this.#bed.exec(name, ["sh", "-c", script])),
    );
  }

  async #content(node: string): Promise<string | undefined> {
    const { code, stdout } = await this.#bed.exec(node, ["cat", KUBELET_CONFIG]);
    return code === 0 ? stdout : undefined;
  }

  async judge(): Promise<Map<string, Judged>> {
    const { nodes } = this.#bed;
    const judged = nodes.map(
      async ({ name }) => [name, judgeFile(await this.#content(name))] as const,
    );
    return new Map(await Promise.all(judged));
  }

  /** A run of the command, and what strikes it after so many ms. */
  async strike(
    command: "push" | "merge" | "rollback",
    { fault, at, which }: { readonly fault: Fault; readonly at: number; readonly which: number },
  ): Promise<CliRun & { readonly args: readonly string[] }> {
    if (command !== "rollback") {
      this.#number += 1;
      await writeFile(this.#source, sourceOf(this.#number), { mode: 0o600 });
    }
    const args = {
      push: ["push", "--config", this.#source, "--replace", "-y"],
      merge: ["push", "--config", this.#source, "--merge", "-y"],
      rollback: ["rollback"],
    }[command];
    const { child, ended } = this.#user.start([...args, ...this.#flags]);
    const stop = new AbortController();
    const { nodes } = this.#bed;
    const node = nodes[Math.floor(which * nodes.length)]?.name ?? "";
    const strikes = delay(at, undefined, { signal: stop.signal }).then(
      async () => {
        if (fault === "client") child.kill("SIGKILL");
        else if (fault === "link") await cutLinks(this.#bed, node);
        else if (fault === "node") await killNode(this.#bed, node);
        else if (fault === "api-server") await stopApiServer(this.#bed, 500 + which * 2500);
      },
      () => undefined,
    );
    const run = await ended;
    stop.abort();
    await strikes;
    return { ...run, args };
  }

  /** What is false of a report's word on a node, by what stood there before and after. */
  wrongAnswer(
    run: CliRun & { readonly args: readonly string[] },
    node: string,
    [was, is]: readonly [Judged, Judged],
  ): string | undefined {
    if (run.code === null || run.stdout === "") return undefined;
    const { result, message } = items(run).find((item) => item.node === node) ?? {};
    if (result === undefined) return "no item in the report";
    const isNew = is.type === "whole" && is.number === this.#number;
    const isSame = JSON.stringify(was) === JSON.stringify(is);
    if (result === "updated" && !run.args.includes("rollback") && !isNew)
      return "told updated, is not";
    if (result === "failed" && !isSame) return `told failed (${message}), and changed`;
    return undefined;
  }

  async status(): Promise<Map<string, ToldNode>> {
    const run = await this.#user.run(["status", ...this.#flags]);
    const { items: nodes = [] } = JSON.parse(run.stdout || "{}") as { items?: ToldNode[] };
    return new Map(nodes.map((node) => [node.node, node]));
  }

  /** Why the next push did not bring all nodes to one whole new file; `undefined` where it did. */
  async converge(): Promise<string | undefined> {
    const run = await this.strike("push", { fault: "none", at: 0, which: 0 });
    if (run.code !== 0) return `exit ${run.code}: ${run.stderr.slice(-300)}`;
    const contents = await Promise.all(this.#bed.nodes.map(({ name }) => this.#content(name)));
    const digests = new Set(contents.map((content) => digestOf(content ?? "")));
    const judged = judgeFile(contents[0]);
    if (digests.size !== 1 || judged.type !== "whole") return "the files differ";
    if (judged.number !== this.#number) return `push ${judged.number} stands there`;
    const told = await this.status();
    const states = new Set([...told.values()].map(({ state }) => state));
    return states.size === 1 && states.has("current") ? undefined : `told ${[...states].join(",")}`;
  }
}
