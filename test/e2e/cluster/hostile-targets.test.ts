import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CliUser, items, newCliUser } from "../cli.ts";
import { useClusterBed } from "./cluster-bed.ts";

const bed = await useClusterBed();
const node = bed.nodes[0]?.name ?? "";

let user: CliUser;
let config: string;
beforeAll(async () => {
  user = await newCliUser();
  config = join(user.home, "config.json");
  await writeFile(config, '{"auths":{"reg.example.com":{"auth":"cm9ib3Q6cGFzcw=="}}}', {
    mode: 0o600,
  });
});
afterAll(() => user.remove());

async function sh(script: string): Promise<string> {
  const { code, stdout, stderr } = await bed.exec(node, ["sh", "-c", script]);
  if (code !== 0) throw new Error(`${script}: ${stderr}`);
  return stdout;
}

const DIR = "/mnt/target";
const FILE = `${DIR}/config.json`;

interface Case {
  readonly code: string;
  readonly prepare: string;
  readonly undo?: string;
  readonly replace?: boolean;
}

const CASES: Readonly<Record<string, Case>> = {
  "a read-only file system": {
    code: "PC306",
    prepare: `mount -t tmpfs -o mode=755,ro tmpfs ${DIR}`,
    undo: `umount ${DIR}`,
  },
  "a full disk": {
    code: "PC307",
    prepare: `mount -t tmpfs -o mode=755,size=16k tmpfs ${DIR} && head -c 16k /dev/zero > ${DIR}/filler || true`,
    undo: `umount ${DIR}`,
  },
  "a directory in its place": { code: "PC303", prepare: `mkdir ${FILE}` },
  "a symbolic link": { code: "PC303", prepare: `ln -s /etc/hostname ${FILE}` },
  "a dangling symbolic link": { code: "PC303", prepare: `ln -s /no/such ${FILE}` },
  "a FIFO": { code: "PC303", prepare: `mkfifo ${FILE}` },
  "a mount point": {
    code: "PC304",
    prepare: `echo old > ${FILE} && mount --bind /etc/hostname ${FILE}`,
    undo: `umount ${FILE}`,
  },
  "an immutable file": {
    code: "PC305",
    prepare: `echo old > ${FILE} && chattr +i ${FILE}`,
    undo: `chattr -i ${FILE}`,
    replace: true,
  },
  "a directory that others may write": { code: "PC308", prepare: `chmod 777 ${DIR}` },
  "a directory of another user": { code: "PC308", prepare: `chown 65534 ${DIR}` },
};

describe("a target that must not be written is refused by its code, and stays as it is:", () => {
  for (const [title, { code, prepare, undo = "true", replace = false }] of Object.entries(CASES)) {
    it(`${title}: ${code}`, async () => {
      // A file system of its own: the node's root is a container's, where nothing is immutable.
      await sh(`rm -rf ${DIR} && mkdir -p -m 755 ${DIR}`);
      await sh(prepare);
      try {
        const look = `ls -lA --time-style=full-iso ${DIR}; [ ! -f ${FILE} ] || cat ${FILE}`;
        const before = await sh(look);
        const run = await user.run([
          ...["push", "--config", config, "-o", "json", "-i", bed.ssh.key],
          ...[
            "--known-hosts",
            bed.ssh.knownHosts,
            "--path",
            DIR,
            ...(replace ? ["--replace"] : []),
          ],
          ...bed.flags.cluster,
          node,
        ]);
        expect(items(run)[0], run.stderr).toMatchObject({ result: "failed", code });
        expect(run.code).toBe(4);
        expect(await sh(look)).toBe(before);
      } finally {
        await sh(`${undo}; rm -rf ${DIR}`);
      }
    });
  }
});
