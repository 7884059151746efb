# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Restarts the systemd unit that owns the proven kubelet, or runs the command that came as payload.
restart() {
  find_root
  here=${root:-/var/lib/kubelet}
  if [ -n "$root" ]; then say "root $here/config.json proven"; else say "root $here/config.json assumed"; fi
  if [ "$size" != 0 ]; then
    command=$(take "$size" 2>/dev/null)
    [ ${#command} -eq "$size" ] || fail PC310 "${#command} of $size bytes"
    words=$( (eval "$command") 2>&1 </dev/null) || fail PC502 "the restart command ended with $?: $words"
    done_with restarted -
  fi
  [ -n "$kubelet" ] || fail PC541
  find_unit
  [ -n "$unit" ] || fail PC504 "process $kubelet belongs to no service"
  command -v systemctl >/dev/null || fail PC504 "the node has no systemctl"
  words=$(systemctl restart "$unit" 2>&1 </dev/null) || fail PC502 "systemctl restart $unit: $words"
  done_with restarted -
}
