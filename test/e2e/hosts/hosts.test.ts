import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Bed, upBed } from "../../bed/index.ts";
import { startFullBacklog } from "../../rig/full-backlog.ts";
import { type CliUser, checkLines, items, newCliUser, results, shortLine } from "../cli.ts";
import { KUBELET_CONFIG, readNodeFile } from "../node-file.ts";
import { base64, loginArgs } from "./host-tools.ts";

const CONFIG = JSON.stringify({ auths: { "reg.example.com": { auth: "cm9ib3Q6cGFzcw==" } } });

let bed: Bed;
let user: CliUser;
let config: string;
beforeAll(async () => {
  bed = await upBed({ name: `hosts-${process.pid}`, nodes: 3 });
  user = await newCliUser();
  config = join(user.home, "config.json");
  await writeFile(config, CONFIG, { mode: 0o600 });
});
afterAll(async () => {
  await user?.remove();
  await bed?.down();
});

const hosts = (...nodes: readonly number[]) =>
  nodes.map((index) => `${node(index).name}=${node(index).address}:${node(index).port}`).join(",");
const node = (index: number) => {
  const found = bed.nodes[index];
  if (found === undefined) throw new Error(`the bed has no node ${index}`);
  return found;
};
const login = () => loginArgs(bed);
const push = (...more: string[]) =>
  user.run(["push", "--config", config, "-o", "json", ...login(), ...more]);
/** Each test finds the nodes as they came up. */
afterEach(() =>
  Promise.all(
    bed.nodes.map(({ name }) =>
      bed.exec(name, ["rm", "-rf", KUBELET_CONFIG, "/var/lib/kubelet/.pullcast"]),
    ),
  ),
);

describe("push --hosts", () => {
  it("needs no cluster, and says where it assumed the kubelet's directory to be", async () => {
    const run = await push("--hosts", hosts(0, 1, 2));
    expect(Object.values(results(run)), run.stderr).toEqual(["updated", "updated", "updated"]);
    expect(run.code).toBe(0);
    const file = await readNodeFile(bed, node(1).name);
    expect(JSON.parse(file?.content ?? "")).toEqual(JSON.parse(CONFIG));
    expect(JSON.stringify(items(run)[0])).toContain("PC321");
  });

  it("takes hosts from a file or standard input, with comments and blank lines", async () => {
    const lines = `# the rack\n\n${hosts(0)}\n${hosts(1)}\n`;
    const run = await user.run(
      ["push", "--config", config, "-o", "json", ...login(), "--hosts-from", "-"],
      lines,
    );
    expect(Object.keys(results(run)), run.stderr).toEqual([node(0).name, node(1).name]);
  });

  it("reports what it sent: the user, its end and a fingerprint, never the password", async () => {
    const { stdout } = await push("--hosts", hosts(0));
    expect(stdout).not.toMatch(/cm9ib3Q6cGFzcw|"pass"/);
    const { credentials } = JSON.parse(stdout) as { credentials: unknown };
    expect(credentials).toEqual([
      {
        key: "reg.example.com",
        registry: "reg.example.com",
        username: "robot",
        kind: "password",
        expiresAt: "unknown",
        source: config,
        fingerprint: expect.stringMatching(/^[0-9a-f]{8}$/),
      },
    ]);
  });

  it("uses sudo for logins that are not root", async () => {
    const run = await push("--hosts", hosts(0), "--ssh-user", bed.ssh.sudoUser);
    expect(items(run)[0], run.stderr).toMatchObject({ result: "updated" });
    expect((await readNodeFile(bed, node(0).name))?.mode).toBe("600 root:root");
  });

  it("works with bad nodes beside good ones, and exits 3", async () => {
    const closed = `closed=${node(1).address}:2`;
    const run = await push("--hosts", `${hosts(0)},${closed}`);
    expect(results(run), run.stderr).toEqual({ [node(0).name]: "updated", closed: "failed" });
    expect(run.code).toBe(3);
  });
});

describe("a node that can't be reached or does not let us in has its own code", () => {
  const failing = async (...args: string[]) => {
    const run = await push(...args);
    const [item] = items(run);
    expect(item?.result, run.stderr).toBe("failed");
    expect(run.code).toBe(4);
    return item;
  };

  it("PC202: nothing listens there", async () => {
    expect(await failing("--hosts", `${node(0).address}:2`)).toMatchObject({
      code: "PC202",
      phase: "connect",
    });
  });

  it("PC203: the address swallows packets; its limit holds, the others don't wait for it", async () => {
    const hole = await startFullBacklog();
    try {
      const swallowing = `hole=127.0.0.1:${hole.port}`;
      const run = await push("--hosts", `${swallowing},${hosts(0)}`, "--connect-timeout", "1s");
      expect(items(run), run.stderr).toMatchObject([{ code: "PC203" }, { result: "updated" }]);
      expect(run.code).toBe(3);
    } finally {
      hole.stop();
    }
  });

  it("PC211: the host key is not known", async () => {
    const empty = join(user.home, "empty");
    await writeFile(empty, "");
    const run = await user.run([
      "push",
      "--config",
      config,
      "-o",
      "json",
      "-i",
      bed.ssh.key,
      "--known-hosts",
      empty,
      "--hosts",
      hosts(0),
    ]);
    expect(items(run)[0], run.stderr).toMatchObject({ code: "PC211", result: "failed" });
    expect(items(run)[0]?.message).toMatch(/SHA256:/);
  });

  it("PC212: the host key has changed, also under accept-new", async () => {
    const swapped = join(user.home, "swapped");
    const lines = (await readFile(bed.ssh.knownHosts, "utf8")).split("\n");
    const other = lines.filter((line) => line.startsWith(node(1).address));
    const forged = other.map((line) => line.replace(node(1).address, node(0).address)).join("\n");
    await writeFile(swapped, `${forged}\n`);
    for (const mode of ["strict", "accept-new"]) {
      const run = await user.run([
        ...["push", "--config", config, "-o", "json", "-i", bed.ssh.key, "--known-hosts", swapped],
        ...["--host-key-checking", mode, "--hosts", hosts(0)],
      ]);
      expect(items(run)[0], run.stderr).toMatchObject({ code: "PC212", result: "failed" });
    }
    expect(await readFile(swapped, "utf8")).toBe(`${forged}\n`);
  });

  it("learns a new host key only under accept-new, once", async () => {
    const learnt = join(user.home, "learnt");
    const accept = () =>
      user.run([
        ...["push", "--config", config, "-o", "json", "-i", bed.ssh.key, "--known-hosts", learnt],
        ...["--host-key-checking", "accept-new", "--hosts", hosts(0, 1, 2)],
      ]);
    expect(Object.values(results(await accept()))).toEqual(["updated", "updated", "updated"]);
    expect(Object.values(results(await accept()))).toEqual(["unchanged", "unchanged", "unchanged"]);
    expect((await readFile(learnt, "utf8")).trim().split("\n")).toHaveLength(3);
  });

  it("PC221: the login is refused", async () => {
    expect(await failing("--hosts", hosts(0), "--ssh-user", "nobody-here")).toMatchObject({
      code: "PC221",
      phase: "auth",
    });
  });

  it("PC224: doctor finds it at the step sudo, on the way that a push would go", async () => {
    const doctor = (name: string) =>
      user.run(["doctor", "--probe", ...login(), "--hosts", hosts(0), "--ssh-user", name]);
    const admin = await doctor(bed.ssh.sudoUser);
    expect(admin.stdout).toMatch(/^sudo +- +- +it lets admin in$/m);
    expect(admin.stdout).toMatch(/^host-key .* known$/m);
    expect(admin.code).toBe(0);
    const guest = await doctor(bed.ssh.plainUser);
    expect(guest.stdout).toMatch(/^sudo +- +- +PC224 /m);
    expect(guest.stdout).toMatch(/^ {2}fix: .*'guest ALL=\(root\) NOPASSWD: \/bin\/sh'/m);
    expect(guest.code).toBe(4);
    expect(await readNodeFile(bed, node(0).name)).toBeUndefined();
  });

  it("PC224: sudo needs a password, and the very line that lets the user in is told", async () => {
    const guest = ["--hosts", hosts(0), "--ssh-user", bed.ssh.plainUser];
    const refused = await failing(...guest);
    expect(refused?.code).toBe("PC224");
    const [, command = "", file = ""] =
      /as root on the node, (echo .* >>(\/etc\/sudoers\.d\/\S+))$/.exec(refused?.fix ?? "") ?? [];
    expect(file).not.toBe("");
    await bed.exec(node(0).name, ["sh", "-c", `${command} && visudo -c`]);
    try {
      expect(items(await push(...guest))[0]).toMatchObject({ node: node(0).name });
      expect(items(await push(...guest))[0]?.result).toMatch(/^(?:updated|unchanged)$/);
    } finally {
      await bed.exec(node(0).name, ["rm", "-f", file]);
    }
  });

  it("PC319: the kubelet does not look there, which is only a warning", async () => {
    const run = await push("--hosts", hosts(0), "--path", "/etc");
    expect(items(run)[0], run.stderr).toMatchObject({
      result: "updated",
      warnings: [{ code: "PC319" }],
    });
    await bed.exec(node(0).name, ["rm", "-rf", "/etc/config.json", "/etc/.pullcast"]);
  });

  it("PC309: the directory does not exist", async () => {
    expect(await failing("--hosts", hosts(0), "--path", "/no/such")).toMatchObject({
      code: "PC309",
    });
  });

  it("PC303: the target is a directory", async () => {
    await bed.exec(node(0).name, ["mkdir", KUBELET_CONFIG]);
    expect(await failing("--hosts", hosts(0))).toMatchObject({ code: "PC303" });
  });
});

describe("what can't be used is refused before anything is touched", () => {
  const refused = async (...args: string[]) => {
    const run = await user.run(["push", ...login(), "--hosts", hosts(0), ...args]);
    expect(run.stdout).toBe("");
    expect(await readNodeFile(bed, node(0).name)).toBeUndefined();
    return { code: run.code, said: /^error (PC\d{3})/m.exec(run.stderr)?.[1] };
  };
  const source = async (name: string, text: string) => {
    const path = join(user.home, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };

  it("credential sources: exit 6, each with its code", async () => {
    const directory = join(user.home, "dir");
    await mkdir(directory);
    const jwt = [{ alg: "none" }, { exp: 1 }].map((part) => base64(JSON.stringify(part)));
    const ended = base64(`robot:${jwt.join(".")}.x`);
    const cases = {
      PC601: join(user.home, "none"),
      PC602: await source("empty.json", ""),
      PC603: await source("text.json", "auths: yes"),
      PC604: await source("no-auths.json", "{}"),
      PC605: directory,
      PC607: await source("huge.json", `{"auths":{"a":{"auth":"${"A".repeat(10_000_000)}"}}}`),
      PC608: await source("void.json", '{"auths":{"reg.io":{"auth":"!"}}}'),
      PC620: await source("helpers.json", '{"auths":{"reg.io":{}},"credsStore":"absent"}'),
      PC670: await source("ended.json", `{"auths":{"reg.io":{"auth":"${ended}"}}}`),
    };
    for (const [said, path] of Object.entries(cases)) {
      expect(await refused("--config", path)).toEqual({ code: 6, said });
    }
  });

  it("keys and hosts: exit 2", async () => {
    const key = await source("garbage", "not a key");
    await chmod(key, 0o600);
    expect(await refused("--config", config, "-i", key)).toEqual({ code: 2, said: "PC222" });
    const coloured = "\u001b[31mred=10.0.0.1";
    expect(await refused("--config", config, "--hosts", coloured)).toEqual({
      code: 2,
      said: "PC119",
    });
  });
});

describe("a run that is interrupted", () => {
  it("prints what is finished, names what is not, and exits 130", async () => {
    const hole = await startFullBacklog();
    try {
      const { child, ended } = user.start([
        ...["push", "--config", config, "-o", "json", ...login(), "--connect-timeout", "60s"],
        ...["--hosts", `${hosts(0)},hole=127.0.0.1:${hole.port}`],
      ]);
      await bed.exec(node(0).name, [
        "sh",
        "-c",
        `until [ -e ${KUBELET_CONFIG} ]; do sleep 0.05; done`,
      ]);
      child.kill("SIGINT");
      const run = await ended;
      expect(run.code, run.stderr).toBe(130);
      expect(results(run), run.stderr).toEqual({
        [node(0).name]: "updated",
        hole: "not-attempted",
      });
      expect(run.stderr).toContain("hole");
    } finally {
      hole.stop();
    }
  });
});

describe("check --hosts", () => {
  const check = async (...more: string[]) => {
    const run = await user.run(["check", "--config", config, "-o", "json", ...login(), ...more]);
    const lines = checkLines(run);
    return { run, ssh: lines.filter(({ group }) => group === "ssh").map(shortLine), lines };
  };

  it("needs no cluster, and says so; a node that is not one yet is fine", async () => {
    const { run, ssh, lines } = await check("--hosts", hosts(0, 1));
    expect(run.code, run.stderr).toBe(0);
    expect(ssh).toEqual(
      [0, 1].flatMap((at) => [`${node(at).name} ok PC000`, `${node(at).name} warning PC321`]),
    );
    const untold = lines.filter(({ group }) => group === "kubectl" || group === "rbac");
    expect(untold.map(({ result, code }) => `${result} ${code}`)).toEqual([
      "not-tried PC132",
      "not-tried PC132",
    ]);
    expect(await readNodeFile(bed, node(0).name)).toBeUndefined();
  });

  it("tells a node without sshd from one without sudo, and exits 3 or 4", async () => {
    const closed = await check("--hosts", `${hosts(0)},closed=${node(1).address}:2`);
    expect(closed.ssh).toContain("closed failed PC202");
    expect(closed.run.code).toBe(3);
    const guest = await check("--hosts", hosts(0, 1), "--ssh-user", bed.ssh.plainUser);
    expect(guest.ssh).toEqual([0, 1].map((at) => `${node(at).name} failed PC224`));
    expect(guest.run.code).toBe(4);
    const admin = await check("--hosts", hosts(0), "--ssh-user", bed.ssh.sudoUser);
    expect(admin.ssh).toContain(`${node(0).name} ok PC000`);
  });

  it("knows the file that a push has put there", async () => {
    await push("--hosts", hosts(0));
    const { lines } = await check("--hosts", hosts(0));
    expect(lines.find(({ group }) => group === "ssh")?.message).toMatch(
      /^the credentials are there/,
    );
  });
});

describe("restore --hosts", () => {
  const restore = (...more: string[]) => user.run(["restore", "-o", "json", ...login(), ...more]);

  it("touches only the hosts that NODE and --exclude leave, then has nothing left to do", async () => {
    const [first, second] = [node(0).name, node(1).name];
    await push("--hosts", hosts(0, 1));
    const nobody = await restore("nosuch", "--hosts", hosts(0, 1));
    expect(nobody.code).toBe(2);
    expect(nobody.stderr).toContain("PC111");
    const one = await restore(first, "--hosts", hosts(0, 1));
    expect(results(one), one.stderr).toEqual({ [first]: "removed" });
    const rest = await restore("--exclude", second, "--hosts", hosts(0, 1));
    expect(results(rest), rest.stderr).toEqual({ [first]: "unchanged" });
    expect(rest.code).toBe(0);
    expect(await readNodeFile(bed, second)).toBeDefined();
  });
});

it("PC541: a kubelet that does not run can't be restarted; the file is in place all the same", async () => {
  const run = await push("--hosts", hosts(0), "--restart-kubelet");
  expect(items(run)[0], run.stderr).toMatchObject({
    result: "failed",
    phase: "restart",
    code: "PC541",
    message: expect.stringContaining("the file is in place"),
  });
  expect(await readNodeFile(bed, node(0).name)).toBeDefined();
  const table = await user.run([
    ...["push", "--config", config, ...login()],
    ...["--hosts", hosts(0)],
  ]);
  expect(table.stdout, table.stderr).toMatch(/unchanged +- +- /);
});
