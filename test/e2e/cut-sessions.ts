import type { Bed } from "../bed/index.ts";

/**
 * Waits until the node has received so many bytes more ($1, $2 looks 10 ms apart at most), then ends its side as a link
 * does that is cut: nobody there is asked. Prints how many sessions that were.
 */
const CUT = `rx() { cat /sys/class/net/eth0/statistics/rx_bytes; }
enough=$(($(rx) + $1)) tries=0 killed=0
while [ "$(rx)" -lt "$enough" ] && [ $tries -lt "$2" ]; do
  tries=$((tries + 1))
  sleep 0.01
done
[ "$(rx)" -ge "$enough" ] || { echo 0; exit; }
for dir in /proc/[0-9]*; do
  case $(tr '\\0' ' ' <$dir/cmdline 2>/dev/null) in 'sshd: root@notty'*) kill -9 \${dir#/proc/} && killed=$((killed + 1)) ;; esac
done
echo $killed`;

/**
 * Ends all logins of root on a node, once it has received so many bytes more.
 *
 * @param looks - how often that is looked for, 10 ms apart
 * @returns how many they were; 0 where the bytes did not come
 */
export async function cutSessions(
  { exec }: Pick<Bed, "exec">,
  node: string,
  { afterBytes, looks }: { readonly afterBytes: number; readonly looks: number },
): Promise<number> {
  const { stdout } = await exec(node, ["sh", "-c", CUT, "sh", `${afterBytes}`, `${looks}`]);
  return Number(stdout);
}
