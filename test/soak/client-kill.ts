import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { loadCredentials } from "../../agent/operations/load-credentials.ts";
import { items, newCliUser } from "../e2e/cli.ts";
import { makeArena } from "../rig/arena.ts";
import { installedDigest, newNodeConfig } from "../rig/push-target.ts";
import { seeded } from "../rig/seeded.ts";
import { startSshd } from "../rig/sshd.ts";
import { programsEnded } from "./programs-ended.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

/**
 * Kills the command (SIGKILL) at random moments of a push.
 * The whole old or the whole new file must be there, and a report of `updated` only with the new one.
 */
export async function clientKill(options: SoakOptions): Promise<Evidence> {
  const sshd = await startSshd();
  const arena = makeArena();
  const dir = arena.newDir();
  const user = await newCliUser();
  const random = seeded(options.seed);
  const counts = { kills: 0, finishedFirst: 0, old: 0, new: 0, torn: 0, falseUpdated: 0 };
  const source = join(user.home, "config.json");
  const push = [
    ...["push", "--config", source, "--hosts", `node=127.0.0.1:${sshd.port}`, "--path", dir],
    ...["-i", sshd.key, "--known-hosts", sshd.knownHosts, "-o", "json"],
  ];
  let wholeMs = 0;
  try {
    for (let point = 0; counts.kills < options.points; point += 1) {
      const before = await installedDigest(dir);
      await writeFile(source, newNodeConfig().bytes.reveal(), { mode: 0o600 });
      const started = performance.now();
      const { child, ended } = user.start(push);
      // The first one is not killed: it tells how long a push takes.
      const timer = new AbortController();
      if (point > 0) {
        const moment = delay(random() * wholeMs * 1.1, undefined, { signal: timer.signal });
        moment.then(() => child.kill("SIGKILL")).catch(() => undefined);
      }
      const run = await ended;
      timer.abort();
      wholeMs = point === 0 ? performance.now() - started : wholeMs;
      await programsEnded(sshd);
      const after = await installedDigest(dir);
      if (point === 0) continue;
      const told = run.code === 0 && items(run)[0]?.result === "updated";
      counts[run.code === null ? "kills" : "finishedFirst"] += 1;
      const isNew = after !== before;
      if (isNew && !(await isWhole(source, after))) counts.torn += 1;
      if (told && !isNew) counts.falseUpdated += 1;
      counts[isNew ? "new" : "old"] += 1;
      if (point % 50 === 0) options.onProgress?.(`${point} pushes: ${JSON.stringify(counts)}`);
    }
    return counts;
  } finally {
    await user.remove();
    arena.remove();
    await sshd.stop();
  }
}

/** The command sends the source's entries in a form of its own: the same form again must give the digest. */
async function isWhole(source: string, digest: string | undefined): Promise<boolean> {
  const config = await loadCredentials(
    {
      inputs: [{ type: "file", path: source }],
      env: {},
      homeDir: "/nonexistent",
      readStdin: () => Promise.reject(new Error("not asked")),
    },
    { kubectl: { program: "kubectl" }, signal: new AbortController().signal },
  );
  return config.digest === digest;
}
