import { spawn } from "node:child_process";
import { join } from "node:path";
import { ended } from "../../../cli/process.ts";
import { type CliRun, PULLCAST } from "../../cli.ts";
import { withHome } from "./home.ts";
import type { Client, Home, Row, Table, Transport, Verdict } from "./model.ts";
import { runOnTerminal } from "./on-terminal.ts";
import { type Outcome, ourVerdict, SENTINEL, sshVerdict } from "./verdict.ts";

/** pullcast's ways to reach hosts. */
const TRANSPORTS: readonly Transport[] = ["ssh2", "openssh", "auto"];

export interface RunPlace {
  readonly table: Table;
  /** 0700; homes are made in it. */
  readonly dir: string;
  /** The credentials that pullcast pushes. */
  readonly source: string;
}

/** What ssh and pullcast over each transport made of a row. */
export type OfEach<T> = Readonly<Record<"ssh" | Transport, T>>;

/** A row and how it ended; no verdicts where it could not be tried. */
export interface RowResult {
  readonly row: Row;
  readonly verdicts?: OfEach<Verdict>;
}

let homes = 0;

/**
 * Runs one row: every program meets the same servers, with files of its own.
 * @throws {NotHere} if it can't be tried here
 */
export async function runRow(row: Row, place: RunPlace): Promise<OfEach<Outcome>> {
  const clientFor = await row.scene(place.table);
  const inHome = (run: (home: Home, client: Client) => Promise<Outcome>) => {
    homes += 1;
    return withHome(join(place.dir, `${homes}`), place.table.keys, async (home) =>
      run(home, await clientFor(home)),
    );
  };
  const ssh = await inHome(runSsh);
  const ours: [Transport, Outcome][] = [];
  for (const transport of TRANSPORTS) {
    const run = (home: Home, client: Client) => runPullcast(home, client, { transport, place });
    ours.push([transport, await inHome(run)]);
  }
  return { ssh, ...(Object.fromEntries(ours) as Record<Transport, Outcome>) };
}

/** What a row expects. */
export function expectedOf({ ssh, differs }: Row): OfEach<Verdict> {
  const ours = differs?.ours ?? {};
  const all = typeof ours === "string" ? { ssh2: ours, openssh: ours, auto: ours } : ours;
  return { ssh, ssh2: ssh, openssh: ssh, auto: ssh, ...all };
}

/** The first failure counts where there are several hosts. */
async function runSsh(home: Home, client: Client): Promise<Outcome> {
  const config = await home.file("config", client.config);
  let outcome: Outcome = { verdict: "other", said: "asked for nothing" };
  for (const alias of aliasesOf(client)) {
    const batch = client.typed === undefined ? ["-o", "BatchMode=yes"] : [];
    const command = ["ssh", "-F", config, ...batch, alias, `echo ${SENTINEL}`];
    outcome = sshVerdict(await runIn(home, client, { command, limitMs: client.sshWaits }));
    if (outcome.verdict !== "ok") break;
  }
  return outcome;
}

async function runPullcast(
  home: Home,
  client: Client,
  { transport, place }: { readonly transport: Transport; readonly place: RunPlace },
): Promise<Outcome> {
  const config = await home.file("config", client.config);
  const command = [
    ...[process.execPath, PULLCAST, "push", "--config", place.source, "-o", "json"],
    ...["--transport", transport, "--ssh-config", config],
    ...["--hosts", aliasesOf(client).join(","), "--path", place.table.servers.newOut()],
    ...(client.args ?? []),
  ];
  return ourVerdict(await runIn(home, client, { command }));
}

function aliasesOf({ aliases = ["web"] }: Client): readonly string[] {
  return aliases;
}

async function runIn(
  home: Home,
  client: Client,
  {
    command,
    limitMs,
  }: { readonly command: readonly string[]; readonly limitMs?: number | undefined },
): Promise<CliRun> {
  const { PATH = "" } = process.env;
  const env = { PATH, HOME: home.dir, LANG: "C.UTF-8", ...client.env };
  if (client.typed !== undefined) {
    return await runOnTerminal(home, command, { env, answer: client.typed });
  }
  const [program = "", ...args] = command;
  // In a session of its own it has no terminal to ask on, wherever the tests run.
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env,
    detached: true,
    ...(limitMs === undefined ? {} : { timeout: limitMs, killSignal: "SIGKILL" as const }),
  });
  return await ended(child);
}
