import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { composeInstall, composeRestore } from "../../../agent/node/compose.ts";
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

/**
 * A tenant's container with the node's network: root in a mount namespace of its own, where it makes ROOT's socket,
 * and an abstract socket whose name holds a newline and a line as /proc/net/unix has it, with the inode of a
 * socket that the kubelet holds.
 */
const FORGER = String.raw`
  use Socket; my ($name, $root, $dir, $ready, $uid, $format) = @ARGV;
  mkdir "$root/$dir"; socket(my $s, PF_UNIX, SOCK_STREAM, 0);
  bind($s, pack_sockaddr_un("$root/$dir/kubelet.sock")) or die "bind: $!";
  my ($kubelet) = map { m{^/proc/(\d+)/} } grep { my $f; open($f, "<", $_) && <$f> eq "kubelet\n" } glob("/proc/[0-9]*/comm");
  my ($inode) = map { (readlink($_) // "") =~ /^socket:.(\d+)/ } glob("/proc/$kubelet/fd/*");
  (my $forged = sprintf($format, $inode)) =~ s/PID/$$/;
  socket(my $a, PF_UNIX, SOCK_STREAM, 0);
  bind($a, pack("Sa*", AF_UNIX, "\0\n$forged/pod-resources/1")) or die "bind: $!"; listen($a, 1);
  open(my $f, ">", $ready); close $f; sleep 600;
`;

/** A process named kubelet that holds one socket, which is bound to nothing, and a directory. */
const STARTING = String.raw`
  use Socket; $0 = shift; my ($root, $dir, $ready, $uid, $held) = @ARGV;
  socket(our $s, PF_INET, SOCK_STREAM, 0);
  if ($held) {
    open(my $f, "<", "/proc/net/unix"); my ($inode) = map { /(\d+) \S+pod-resources/ } <$f>;
    mkdir "$held -> socket:[$inode]"; mkdir "$held -> socket:[$inode]/socket:[$inode]";
    opendir(our $d, "$held -> socket:[$inode]") or die; opendir(our $e, "$held -> socket:[$inode]/socket:[$inode]") or die;
  }
  open(my $f, ">", $ready); close $f; sleep 600;
`;

const SCRIPTS = { STAND_IN, FORGER, STARTING };

interface Process {
  readonly script?: keyof typeof SCRIPTS;
  /** One more argument of the script. */
  readonly argument?: string;
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

interface Beside {
  /** Which of the shells, 0 if absent. */
  readonly shell?: number;
  /** Commands before the processes start. */
  readonly before?: string;
  /** Instead of the directory that is found. */
  readonly dir?: string;
  /** Instead of an install. */
  readonly restore?: true;
}

let count = 0;

/** Starts processes on a machine of their own (pid, mount and net namespaces) and installs without --path. */
async function installBeside(
  processes: readonly Process[],
  options: Beside = {},
): Promise<NodeProgramReport> {
  count += 1;
  const scratch = join(arena.dir, `case-${count}`);
  // The machine's /var/lib holds a kubelet's directory and the arena, nothing else.
  const lib = join(scratch, "lib");
  mkdirSync(join(lib, "kubelet"), { recursive: true, mode: 0o755 });
  mkdirSync(join(lib, basename(arena.dir)), { mode: 0o755 });
  const starts = processes.map(({ name = "kubelet", root = "-", ...process }, index) => {
    const { socketDir = "pod-resources", prefix = "", perl = "/usr/bin/perl" } = process;
    const { becomes = 0, script = "STAND_IN", argument = "" } = process;
    const ready = `/tmp/ready-${index}`;
    return [
      root === "-" ? ":" : `mkdir -p -m 755 ${root}`,
      `${prefix} ${perl} -e "$${script}" '${name}' ${root} ${socketDir} ${ready} ${becomes} '${argument}' </dev/null &`,
      `ln -s /proc/$!/root/mnt/evil /mnt/link-${index}`,
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
  const { dir: _found, ...common } = request("/");
  const asked = options.dir === undefined ? common : { ...common, dir: options.dir };
  const config = nodeConfig(configOf(`password-${count}`));
  const namespaces = ["--pid", "--mount", "--net", "--fork", "--kill-child", "--mount-proc"];
  const shell = shells[options.shell ?? 0];
  if (shell === undefined) throw new Error("no such shell");
  const program =
    options.restore === true ? composeRestore(asked) : composeInstall({ ...asked, config });
  const outcome = await runProgram(program, {
    shell,
    prefix: ["unshare", ...namespaces, "/bin/sh", "-c", machine, "sh"],
    env: {
      ...SCRIPTS,
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

describe("a line of /proc/net/unix that a tenant forges by an abstract socket's name", () => {
  const LINE = "0000000000000000: 00000002 00000000 00010000 0001 01 %5lu ";
  const forge = (argument: string): Process => ({
    script: "FORGER",
    name: "tenant",
    root: "/mnt/evil",
    // Its /mnt/evil is its own, as a container's directories are.
    prefix: `unshare --mount --propagation private sh -c 'mount -t tmpfs tmpfs /mnt/evil; exec "$@"' sh`,
    argument,
  });
  const outside = forge(`${LINE}/proc/PID/root/mnt/evil`);
  const starting: Process = { script: "STARTING" };

  for (const [index, shell] of shells.entries()) {
    test(`makes no doubt about a real kubelet (${shell.name})`, async () => {
      const found = await installBeside([{ root: "/mnt/a" }, outside], { shell: index });
      expect(found).toMatchObject({ path: "/mnt/a/config.json", pathProof: "proven" });
    });

    test(`steers no push while the kubelet has no such socket yet (${shell.name})`, async () => {
      expect(await installBeside([starting, outside], { shell: index })).toMatchObject(ASSUMED);
    });

    test(`leads nobody through a link either (${shell.name})`, async () => {
      const linked = forge(`${LINE}/mnt/link-1`);
      expect(await installBeside([starting, linked], { shell: index })).toMatchObject(ASSUMED);
    });

    test(`leads no restore into a container, even where its user gives that path (${shell.name})`, async () => {
      for (const action of [{}, { restore: true as const }]) {
        const given = { ...action, shell: index, dir: "/mnt/link-1" };
        expect(await installBeside([starting, outside], given)).toMatchObject({
          status: "failed",
          code: "PC309",
        });
      }
    });

    test(`is not taken where its fields are not the kernel's (${shell.name})`, async () => {
      // On a path that the host shares with the tenant.
      const shared = { ...forge("0: 2 0 00010000 0001 01 %lu /mnt/evil"), prefix: "" };
      expect(await installBeside([starting, shared], { shell: index })).toMatchObject(ASSUMED);
    });

    test(`is not held by a kubelet that has a directory of a socket's name open (${shell.name})`, async () => {
      const socket: Process = { name: "tenant", root: "/mnt/evil" };
      const holder: Process = { ...starting, argument: "/mnt/d" };
      expect(await installBeside([socket, holder], { shell: index })).toMatchObject(ASSUMED);
    });
  }
});
