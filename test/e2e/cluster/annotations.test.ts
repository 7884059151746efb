import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CliUser, items, newCliUser, results } from "../cli.ts";
import { useClusterBed } from "./cluster-bed.ts";

const bed = await useClusterBed();
const names = bed.nodes.map(({ name }) => name);
const every = (result: string) => Object.fromEntries(names.map((name) => [name, result]));
const ROLE = "annotations-reader";

let user: CliUser;
beforeAll(async () => {
  user = await newCliUser();
});
afterAll(async () => {
  await run("restore");
  await bed.run(["delete", "clusterrolebinding,clusterrole", ROLE, "--ignore-not-found"]);
  await user.remove();
});

const { cluster, ssh: login } = bed.flags;
const run = (command: string, ...more: string[]) =>
  user.run([command, ...cluster, ...login, "-o", "json", ...more]);
const push = (...more: string[]) => run("push", "--config", bed.dockerConfig, ...more);
/** Asks with no way to log in anywhere. */
const told = async () => {
  const ended = await user.run(["status", ...cluster, "--from-annotations", "-o", "json"]);
  const rows = items(ended) as unknown as { node: string; state: string; run?: string }[];
  return { ...ended, rows, states: Object.fromEntries(rows.map((row) => [row.node, row.state])) };
};
const annotations = async () =>
  (await bed.run(["get", "nodes", "-o", "jsonpath={.items[*].metadata.annotations}"])).stdout;

describe("annotations of nodes", () => {
  it("are left on request alone, and tell of the file without a login", async () => {
    expect(results(await push())).toEqual(every("updated"));
    expect((await told()).states).toEqual(every("unknown"));
    const pushed = await push("--annotate");
    expect(results(pushed), pushed.stderr).toEqual(every("unchanged"));
    const status = await told();
    expect(status.states, status.stderr).toEqual(every("current"));
    expect(status.code).toBe(0);
    expect(status.stderr).toContain("PC342");
    const { run: id } = JSON.parse(pushed.stdout) as { run: string };
    expect(status.rows.map((row) => row.run)).toEqual(names.map(() => id));
    const text = await annotations();
    expect(text).toContain("pullcast.dev/credentials");
    const { auths } = JSON.parse(await readFile(bed.dockerConfig, "utf8")) as {
      auths: Record<string, { auth: string }>;
    };
    for (const { auth } of Object.values(auths)) {
      expect(text).not.toContain(auth);
      expect(text).not.toContain(Buffer.from(auth, "base64").toString().split(":")[1]);
    }
  });

  it("follow later runs, and go when nothing of pullcast's is left", async () => {
    const [first = ""] = names;
    const removed = await run("remove", first);
    expect(results(removed), removed.stderr).toEqual({ [first]: "removed" });
    expect((await told()).states).toEqual({ ...every("current"), [first]: "unknown" });
    await run("restore");
    expect(await annotations()).not.toContain("pullcast.dev/credentials");
  });

  it("that may not be written are a warning, and the file is in place", async () => {
    await bed.run([...["create", "clusterrole", ROLE, "--verb=get,list", "--resource=nodes"]]);
    await bed.run(["create", "clusterrolebinding", ROLE, `--clusterrole=${ROLE}`, "--user=eve"]);
    const pushed = await push("--annotate", "--as", "eve");
    expect(results(pushed), pushed.stderr).toEqual(every("updated"));
    expect(pushed.code).toBe(0);
    expect(pushed.stderr).toContain("PC340");
    expect(await annotations()).not.toContain("pullcast.dev/credentials");
  });
});
