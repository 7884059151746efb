import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bed, upBed } from "../../bed/index.ts";
import { type CliUser, type Item, items, newCliUser } from "../cli.ts";
import { readNodeFile } from "../node-file.ts";

const CONFIG = `${JSON.stringify({ auths: { "reg.example.com": { auth: "cm9ib3Q6cGFzcw==" } } })}\n`;

/** An account: its shell, and a file of its home that the shell reads first. */
interface Account {
  readonly shell: string;
  readonly startUp?: readonly [path: string, text: string];
}

/** Prints to both streams, a whole line and a half one. */
const NOISE = "echo Welcome; echo careful >&2; printf half";

const ACCOUNTS: Readonly<Record<string, Account>> = {
  "bash-plain": { shell: "/bin/bash" },
  "bash-noisy": { shell: "/bin/bash", startUp: [".bashrc", NOISE] },
  "bash-odd": {
    shell: "/bin/bash",
    startUp: [".bashrc", "set -efu; umask 0; IFS=/; alias read=false"],
  },
  "bash-env": {
    shell: "/bin/bash",
    startUp: [
      ".bashrc",
      "export ENV=/nosuch BASH_ENV=/nosuch LC_ALL=de_DE TMPDIR=/nosuch CDPATH=/tmp",
    ],
  },
  "rbash-login": { shell: "/bin/rbash" },
  "dash-login": { shell: "/bin/dash" },
  "ash-login": { shell: "/bin/ash" },
  "fish-plain": { shell: "/usr/bin/fish" },
  "fish-noisy": { shell: "/usr/bin/fish", startUp: [".config/fish/config.fish", NOISE] },
  "tcsh-noisy": { shell: "/bin/tcsh", startUp: [".tcshrc", "echo Welcome; echo -n half"] },
  "csh-noisy": { shell: "/bin/csh", startUp: [".cshrc", "echo Welcome; echo -n half"] },
};

/** Accounts that run nothing for us, and what is said of each. */
const CLOSED: Readonly<Record<string, Account & { readonly said: RegExp; readonly fix: RegExp }>> =
  {
    nologin: {
      shell: "/usr/sbin/nologin",
      said: /This account is currently not available/,
      fix: /^--ssh-user with an account that has a shell/,
    },
    false: {
      shell: "/bin/false",
      said: /exit code 1$/,
      fix: /nologin or a start-up file that exits/,
    },
    exits: {
      shell: "/bin/bash",
      startUp: [".bashrc", "echo no logins today; exit 3"],
      said: /exit code 3: no logins today/,
      fix: /a start-up file that exits/,
    },
  };

let bed: Bed;
let user: CliUser;
let config: string;
beforeAll(async () => {
  bed = await upBed({ name: `shells-${process.pid}`, nodes: 1 });
  user = await newCliUser();
  config = join(user.home, "config.json");
  await writeFile(config, CONFIG, { mode: 0o600 });
  await onNode("ln -s busybox /bin/ash");
  for (const [name, account] of Object.entries({ ...ACCOUNTS, ...CLOSED })) {
    await makeAccount(name, account);
  }
});
afterAll(async () => {
  await user?.remove();
  await bed?.down();
});

const node = () => {
  const [found] = bed.nodes;
  if (found === undefined) throw new Error("the bed has no node");
  return found;
};

async function onNode(script: string, input = "") {
  const ran = await bed.exec(node().name, ["sh", "-c", script], { input: Buffer.from(input) });
  if (ran.code !== 0) throw new Error(`${script}: ${ran.stderr}`);
  return ran.stdout;
}

async function makeAccount(name: string, { shell, startUp }: Account) {
  await onNode(`useradd -m -s ${shell} -p '*' ${name}`);
  await onNode(`echo '${name} ALL=(root) NOPASSWD: /bin/sh' >/etc/sudoers.d/${name}`);
  if (startUp === undefined) return;
  const [path, text] = startUp;
  const file = `/home/${name}/${path}`;
  await onNode(
    `mkdir -p $(dirname ${file}) && cat >${file} && chown -R ${name} /home/${name}`,
    text,
  );
}

/** Pushes as that account to a directory of its own. */
async function pushAs(name: string): Promise<Item> {
  const dir = `/srv/${name}`;
  await onNode(`rm -rf ${dir} && mkdir ${dir}`);
  const run = await user.run([
    ...["push", "--config", config, "-o", "json", "-i", bed.ssh.key],
    ...["--known-hosts", bed.ssh.knownHosts, "--hosts", `${node().name}=${node().address}`],
    ...["--ssh-user", name, "--path", dir],
  ]);
  const [item] = items(run);
  if (item === undefined) throw new Error(run.stderr);
  return item;
}

async function expectPushed(name: string) {
  expect(await pushAs(name), name).toMatchObject({ result: "updated" });
  const file = await readNodeFile(bed, node().name, `/srv/${name}/config.json`);
  expect(file, name).toMatchObject({ mode: "600 root:root" });
  expect(JSON.parse(file?.content ?? ""), name).toEqual(JSON.parse(CONFIG));
}

describe.each(["dash", "bash", "busybox"])("with %s as the node's /bin/sh", (shell) => {
  beforeAll(() => onNode(`ln -sfn ${shell} /bin/sh`));
  afterAll(() => onNode("ln -sfn dash /bin/sh"));

  it.each(Object.keys(ACCOUNTS))("%s is a login like any other", expectPushed);

  it("so is root, though nothing may run in /tmp", async () => {
    const probe = "cp /bin/true /tmp/true; chmod 755 /tmp/true; /tmp/true || echo no";
    expect(await onNode(probe)).toBe("no\n");
    await expectPushed("root");
  });
});

describe("an account that is closed", () => {
  it.each(Object.entries(CLOSED))("is told by its own words: %s", async (name, { said, fix }) => {
    const item = await pushAs(name);
    expect(item).toMatchObject({ result: "failed", code: "PC225" });
    expect(item.message).toMatch(said);
    expect(item.fix).toMatch(fix);
  });

  it("is root's with a restricted shell, which takes no /bin/sh", async () => {
    await onNode("usermod -s /bin/rbash root");
    try {
      const item = await pushAs("root");
      expect(item).toMatchObject({ code: "PC225" });
      expect(item.fix).toMatch(/not a restricted one/);
    } finally {
      await onNode("usermod -s /bin/bash root");
    }
  });

  it("is root's where the image wants another user, and the fix names that one", async () => {
    const keys = "/etc/ssh/bed_authorized_keys";
    const words = 'Please login as the user \\"ec2-user\\" rather than the user \\"root\\".';
    const own = await onNode(`cat ${keys}`);
    await onNode(`cat >${keys}`, `command="echo '${words}';echo;exit 142" ${own}`);
    try {
      expect(await pushAs("root")).toMatchObject({ code: "PC229", fix: "--ssh-user ec2-user" });
    } finally {
      await onNode(`cat >${keys}`, own);
    }
  });
});
