import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sshHostLookup } from "../../../agent/transport/ssh-config-hosts.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-ssh-config-"));
});
afterAll(() => rm(dir, { recursive: true }));

it("knows hosts that an entry names, in any file and case, and no host by a pattern", async () => {
  const [first, second] = [join(dir, "config"), join(dir, "global")];
  await writeFile(first, 'Host worker-1 "Worker-2"\n  HostName 10.0.0.1\n\thost=worker-3\r\n');
  await writeFile(second, "# Host ghost\nHost *\nHost worker-4");
  const known = sshHostLookup([first, second, join(dir, "missing")]);
  for (const name of ["worker-1", "WORKER-2", "worker-3", "worker-4"]) {
    expect(await known(name), name).toBe(true);
  }
  for (const name of ["ghost", "worker", "10.0.0.1", "other", ""]) {
    expect(await known(name), name).toBe(false);
  }
});
