import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bed, upBed } from "../../bed/index.ts";
import { type CliUser, newCliUser } from "../../e2e/cli.ts";
import { authsOf, hostArgs } from "../../e2e/hosts/host-tools.ts";
import { KUBELET_CONFIG, writeNodeFile } from "../../e2e/node-file.ts";
import type { Evidence, SoakOptions } from "../soak.ts";
import { buildMutant } from "./mutants.ts";
import { FOREIGN } from "./oracle.ts";

/**
 * Two operators merge into the same files at the same time, again and again: no entry may be lost, neither of theirs
 * nor of others. Builds without the lock or without the compare before the swap must lose some, and one that is as
 * slow as the first of these, with the lock, none.
 */
export async function mergeRace(options: SoakOptions): Promise<Evidence> {
  const onProgress = options.onProgress ?? (() => undefined);
  const bed = await upBed({ name: `race-${process.pid}`, nodes: 2, onProgress });
  const mutants: Record<string, unknown> = {};
  try {
    const honest = await race(bed, { ...options, onProgress });
    for (const name of ["slow disk", "no lock", "no compare"] as const) {
      const { program, remove } = await buildMutant(name);
      try {
        const { lost, rounds } = await race(bed, {
          ...options,
          onProgress,
          program,
          untilLost: true,
        });
        mutants[name] =
          lost.length > 0 ? `lost an entry in round ${rounds}` : `lost none in ${rounds} rounds`;
      } finally {
        await remove();
      }
    }
    return { ...honest, mutants };
  } finally {
    await bed.down();
  }
}

interface RaceOptions extends SoakOptions {
  readonly onProgress: (line: string) => void;
  readonly program?: string;
  readonly untilLost?: boolean;
}

async function race(bed: Bed, options: RaceOptions) {
  const users = await Promise.all([
    newCliUser({}, options.program),
    newCliUser({}, options.program),
  ]);
  const lost: string[] = [];
  let told = 0;
  let rounds = 0;
  try {
    for (const { name } of bed.nodes) {
      await bed.exec(name, ["rm", "-rf", "/var/lib/kubelet/.pullcast"]);
      const content = `{"auths":{${FOREIGN}}}`;
      await writeNodeFile(bed, { node: name, path: KUBELET_CONFIG, content });
    }
    while (rounds < options.points && !(options.untilLost && lost.length > 0)) {
      rounds += 1;
      const runs = await Promise.all(
        users.map((user, at) => merge(bed, user, { at, round: rounds })),
      );
      // Who was told of failure knows that it must try again; who was not must find its entry.
      told += runs.filter(({ code }) => code !== 0).length;
      for (const { name } of bed.nodes) {
        const { stdout } = await bed.exec(name, ["cat", KUBELET_CONFIG]);
        if (!stdout.includes(FOREIGN)) lost.push(`round ${rounds} ${name}: the foreign entry`);
        const { auths } = JSON.parse(stdout) as { auths: Record<string, { auth: string }> };
        runs.forEach(({ code }, at) => {
          const login = Buffer.from(`robot:${rounds}`).toString("base64");
          if (code === 0 && auths[`op-${at}.example`]?.auth !== login) {
            lost.push(`round ${rounds} ${name}: operator ${at}'s entry`);
          }
        });
      }
      if (rounds % 10 === 0) options.onProgress(`${rounds} rounds, lost ${JSON.stringify(lost)}`);
    }
    return { rounds, nodes: bed.nodes.length, toldToTryAgain: told, lost };
  } finally {
    await Promise.all(users.map((user) => user.remove()));
  }
}

async function merge(
  bed: Bed,
  user: CliUser,
  { at, round }: { readonly at: number; readonly round: number },
) {
  const config = join(user.home, "config.json");
  await writeFile(config, authsOf({ [`op-${at}.example`]: `robot:${round}` }), { mode: 0o600 });
  return await user.run([
    ...["push", "--merge", "--field-manager", `operator-${at}`, "--config", config],
    ...hostArgs(bed),
  ]);
}
