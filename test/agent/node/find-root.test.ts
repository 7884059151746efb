import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { composeInstall } from "../../../agent/node/compose.ts";
import { type NodeProgramReport, readReport } from "../../../agent/node/read-report.ts";
import { makeArena } from "../../rig/arena.ts";
import { configOf, nodeConfig, request } from "./request.ts";
import { findShells, runProgram } from "./shells.ts";

const arena = makeArena();
const shells = findShells(arena.dir);
afterAll(arena.remove);

/**
 * A process that looks like a kubelet: its name, and a socket bound under a temporary name and renamed, held open.
 * Not a kubelet, since only such a process can be made to lie.
 */
const STAND_IN = `
  use Socket; $0 = shift; my ($root, $dir, $ready, $uid) = @ARGV;
  if ($root ne "-") {
    mkdir "$root/$dir"; socket(my $s, PF_UNIX, SOCK_STREAM, 0);
    bind($s, pack_sockaddr_un("$root/$dir/1234")) or die "bind: $!"; listen($s, 1);
    rename("$root/$dir/1234", "$root/$dir/kubelet.sock"); our $held = $s;
  }
  open(my $f, ">", $ready); close $f; $< = $> = $uid; sleep 600;
`;

interface Process {
  readonly name?: string;
  /** Where its socket stands; absent: it has none. */
  readonly root?: string;
  readonly socketDir?: string;
  /** The user that it becomes once it has its socket. */
  readonly becomes?: number;
  /** Before perl: another user, another namespace. */
  readonly prefix?: string;
  /** Perl itself, for an executable of another owner. */
  readonly perl?: string;
}

let count = 0;

/** Starts processes on a machine of their own (pid, mount and net namespaces) and installs without --path. */
async function installBeside(
  processes: readonly Process[],
  options: { readonly shell?: number; readonly before?: string } = {},
): Promise<NodeProgramReport> {
  count += 1;
  const scratch = join(arena.dir, `case-${count}`);
  // The machine's /var/lib holds a kubelet's directory and the arena, nothing else.
  const lib = join(scratch, "lib");
  mkdirSync(join(lib, "kubelet"), { recursive: true, mode: 0o755 });
  mkdirSync(join(lib, basename(arena.dir)), { mode: 0o755 });
  const starts = processes.map(({ name = "kubelet", root = "-", ...process }, index) => {
    const { socketDir = "pod-resources", prefix = "", perl = "/usr/bin/perl" } = process;
    const { becomes = 0 } = process;
    const ready = `/tmp/ready-${index}`;
    return [
      root === "-" ? ":" : `mkdir -p -m 755 ${root}`,
      `${prefix} ${perl} -e "$STAND_IN" '${name}' ${root} ${socketDir} ${ready} ${becomes} </dev/null &`,
      `until [ -e ${ready} ]; do sleep 0.01; done`,
    ].join("\n");
  });
  const machine = [
    "set -e",
    `mount --bind ${arena.dir} ${lib}/${basename(arena.dir)} && mount --rbind ${lib} /var/lib`,
    "mount -t tmpfs -o mode=1777 tmpfs /tmp && mount -t tmpfs -o mode=755 tmpfs /mnt",
    options.before ?? "",
    ...starts,
    'exec "$@"',
  ].join("\n");
  const { dir: _found, ...asked } = request("/");
  const config = nodeConfig(configOf(`password-${count}`));
  const namespaces = ["--pid", "--mount", "--net", "--fork", "--kill-child", "--mount-proc"];
  const shell = shells[options.shell ?? 0];
  if (shell === undefined) throw new Error("no such shell");
  const outcome = await runProgram(composeInstall({ ...asked, config }), {
    shell,
    prefix: ["unshare", ...namespaces, "/bin/sh", "-c", machine, "sh"],
    env: {
      STAND_IN,
      ...(shell.path === undefined ? {} : { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" }),
    },
  });
  const report = readReport(outcome, { nonce: asked.nonce, digest: config.digest });
  if (report.status === "lost") throw new Error(`${report.detail}: ${outcome.stderr}`);
  return report;
}

const ASSUMED = { status: "done", path: "/var/lib/kubelet/config.json", pathProof: "assumed" };

describe("the root directory of a live kubelet", () => {
  for (const [index, shell] of shells.entries()) {
    test(`is the one its own socket stands in (${shell.name})`, async () => {
      const found = await installBeside([{ root: "/mnt/data/kubelet" }], { shell: index });
      expect(found).toMatchObject({
        status: "done",
        path: "/mnt/data/kubelet/config.json",
        pathProof: "proven",
      });
    });
  }

  test("is found inside k3s, kubelite and the like", async () => {
    for (const name of ["k3s-agent", "kubelite", "k0s", "rke2"]) {
      const found = await installBeside([{ name, root: "/mnt/a" }]);
      expect(found).toMatchObject({ path: "/mnt/a/config.json", pathProof: "proven" });
    }
  });

  test("is not taken from the device-plugins socket, which ignores --root-dir", async () => {
    const kubelet = { root: "/var/lib/kubelet", socketDir: "device-plugins" };
    expect(await installBeside([kubelet])).toMatchObject(ASSUMED);
  });

  test("is not guessed between two", async () => {
    const found = await installBeside([{ root: "/mnt/a" }, { name: "k3s-server", root: "/mnt/b" }]);
    expect(found).toMatchObject({ status: "failed", code: "PC320" });
  });

  test("is assumed where no kubelet runs, and said so", async () => {
    const found = await installBeside([]);
    expect(found).toMatchObject(ASSUMED);
    expect(found).toMatchObject({ warnings: [{ code: "PC321" }] });
  });
});

describe("a decoy steers nobody:", () => {
  const decoys: Record<string, Process & { readonly before?: string }> = {
    "a process of another user": {
      root: "/tmp/evil",
      prefix: "setpriv --reuid=65534 --regid=65534 --clear-groups",
      before: "mkdir -m 777 /tmp/evil",
    },
    "a process that is root no more": { root: "/mnt/evil", becomes: 65534 },
    "a root process in a mount namespace of its own": {
      root: "/mnt/evil",
      prefix: "unshare --mount --propagation private",
    },
    "a root process in a pid namespace of its own": {
      root: "/mnt/evil",
      prefix: "unshare --pid --fork",
    },
    "an executable that is not root's": {
      root: "/mnt/evil",
      perl: "/mnt/perl",
      before: "cp /usr/bin/perl /mnt/perl && chown 65534 /mnt/perl",
    },
    "a name without a socket": {},
  };
  for (const [title, { before, ...decoy }] of Object.entries(decoys)) {
    test(title, async () => {
      expect(await installBeside([decoy], before === undefined ? {} : { before })).toMatchObject(
        ASSUMED,
      );
    });
  }

  test("beside a real one, it does not even make a doubt", async () => {
    const decoy = { root: "/mnt/evil", prefix: "unshare --mount --propagation private" };
    const found = await installBeside([decoy, { root: "/mnt/a" }]);
    expect(found).toMatchObject({ path: "/mnt/a/config.json", pathProof: "proven" });
  });
});
