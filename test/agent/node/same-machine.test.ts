import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { makeArena } from "../../rig/arena.ts";
import { configOf } from "./request.ts";
import { runInstall } from "./run-install.ts";
import { findShells } from "./shells.ts";

const arena = makeArena();
const shells = findShells(arena.dir);
afterAll(arena.remove);
const { newDir } = arena;

const A = configOf("old-password");

/** A machine-id and a product uuid. */
type Ids = readonly [id: string, uuid: string];

const ID = "0123456789abcdef0123456789abcdef";
const UUID = "ec2a1b2c-0d4e-4f60-8192-a3b4c5d6e7f8";
const OTHER = "ec2a1b2c-0d4e-4f60-8192-000000000000";

/** A machine with these ids in place of this one's: an empty id is a missing file. */
function machineOf([id, uuid]: Ids): readonly string[] {
  const dir = newDir();
  writeFileSync(join(dir, "id"), `${id}\n`);
  const put = [
    id === "" ? "mount --bind /dev/null /etc/machine-id" : 'mount --bind "$0/id" /etc/machine-id',
    "if [ -e /var/lib/dbus/machine-id ]; then mount -t tmpfs t /var/lib/dbus; fi",
    "mount -t tmpfs t /sys/class && mkdir -p /sys/class/dmi/id",
    ...(uuid === "" ? [] : [`echo ${uuid} >/sys/class/dmi/id/product_uuid`]),
  ];
  return ["unshare", "-m", "/bin/sh", "-c", `{ ${put.join("\n")}\n} && exec "$@"`, dir];
}

describe.each(shells)("a machine is the node, by $name,", (shell) => {
  const at = async (machine: Ids, [machineId, systemUuid]: Ids) => {
    const dir = newDir();
    const options = {
      prefix: machineOf(machine),
      ...(machineId === "" ? {} : { machineId }),
      ...(systemUuid === "" ? {} : { systemUuid }),
    };
    const report = await runInstall({ shell, dir, bytes: A, options });
    if (report.status === "failed") expect(readdirSync(dir)).toEqual([]);
    return report;
  };

  test.each<{ how: string; machine: Ids; cluster: Ids }>([
    { how: "with both ids", machine: [ID, UUID], cluster: [ID, UUID] },
    {
      how: "with a uuid in the other case",
      machine: [ID, UUID.toUpperCase()],
      cluster: [ID, UUID],
    },
    { how: "by its uuid where it has no machine-id", machine: ["", UUID], cluster: [ID, UUID] },
    { how: "by its machine-id where it has no uuid", machine: [ID, ""], cluster: [ID, UUID] },
    {
      how: "where the cluster's uuid is the machine-id once more",
      machine: [ID, UUID],
      cluster: [ID, ID],
    },
    { how: "where the cluster tells none", machine: [ID, UUID], cluster: ["", ""] },
  ])("$how", async ({ machine, cluster }) => {
    expect(await at(machine, cluster)).toMatchObject({ status: "done", what: "updated" });
  });

  test.each<{ how: string; machine: Ids; cluster: Ids; words: string }>([
    {
      how: "with another machine-id",
      machine: [OTHER, UUID],
      cluster: [ID, UUID],
      words: "machine-id is ec2a",
    },
    { how: "that is a clone", machine: [ID, OTHER], cluster: [ID, UUID], words: "product uuid is" },
    {
      how: "with another uuid alone",
      machine: ["", OTHER],
      cluster: [ID, UUID],
      words: "product uuid is",
    },
    { how: "with no id", machine: ["", ""], cluster: [ID, UUID], words: "machine-id is missing" },
    {
      how: "with no id that the cluster tells",
      machine: ["", UUID],
      cluster: [ID, ""],
      words: "machine-id is missing",
    },
  ])("and never one $how", async ({ machine, cluster, words }) => {
    expect(await at(machine, cluster)).toMatchObject({
      code: "PC231",
      detail: expect.stringContaining(words),
    });
  });
});
