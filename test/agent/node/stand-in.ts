import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Binds the pod-resources socket of a kubelet under ROOT, as the kubelet does: a temporary name, renamed. */
const HOLDER = `
use Socket;
my ($root) = @ARGV;
mkdir "$root/pod-resources";
socket(my $held, AF_UNIX, SOCK_STREAM, 0) or die;
bind($held, sockaddr_un("$root/pod-resources/4711")) or die "$root: $!";
listen($held, 1);
rename "$root/pod-resources/4711", "$root/pod-resources/kubelet.sock";
open(my $name, ">", "/proc/self/comm"); print $name "kubelet"; close $name;
$| = 1;
print "READY\\n";
sleep 600;
`;

/** Stand-ins for kubelets, on a machine of their own, with their directories below `arena`. */
export function makeStandIns(arena: string) {
  const holder = join(arena, "holder.pl");
  writeFileSync(holder, HOLDER);
  let count = 0;
  return {
    newRoot(): string {
      count += 1;
      const root = join(arena, `kubelet-${count}`);
      mkdirSync(root, { mode: 0o755 });
      return root;
    },
    /** A script that starts a stand-in and waits until it stands; `wrap` goes before it, for instance `env`. */
    start(root: string, wrap = ""): string {
      const line = `${wrap} /usr/bin/perl '${holder}' '${root}'`;
      return `mkfifo "$F"; ${line} >"$F" & read -r ready <"$F"; rm "$F"; [ "$ready" = READY ] || exit 99`;
    },
    /** Argv of a pid and mount namespace, where PID 1 runs `lines` first; /var/lib/kubelet is empty there. */
    machine(lines: readonly string[]): readonly string[] {
      count += 1;
      const script = [
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "mkdir -p /var/lib/kubelet && mount -t tmpfs -o mode=755 node /var/lib/kubelet || exit 98",
        `F='${join(arena, `ready-${count}`)}'`,
        ...lines,
        '"$@"',
      ].join("\n");
      const namespaces = ["-pfm", "--kill-child", "--mount-proc"];
      return ["/usr/bin/unshare", ...namespaces, "/bin/sh", "-c", script, "node"];
    },
  };
}
