# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# Tells whether the kubelet asks a provider of ours: "live STATE UNIT PORTS SOURCE"; on, trial, due where the kubelet
# must be restarted to do so, undone where a trial was taken back or did not come to its begin.
look_live() {
  cd /var/lib/pullcast 2>/dev/null || return 0
  if ! read_live; then
    if [ -f undone ] || [ -f config.json ]; then say "live undone - - -"; fi
    cd -P "$here/." || fail PC309 "$here"
    return 0
  fi
  [ "$l_state" != on ] || asked || l_state=due
  say "live $l_state $l_unit $l_ports $l_source"
  cd -P "$here/." || fail PC309 "$here"
}

# Whether the kubelet that runs has read the list of providers as it is, and that is as its source is.
asked() {
  [ -n "$kubelet" ] && [ -x "$l_program" ] && [ -f "$l_config" ] || return 1
  kubelet_started
  # The start is told up to a second early.
  [ "$(stat -c %Y "$l_config")" -le $((started + 1)) ] || return 1
  if [ "$l_source" != - ]; then
    words=$(sha256sum "$l_source" 2>/dev/null)
    [ "${words%% *}" = "$l_digest" ] || return 1
  fi
  read -r name <"/proc/$kubelet/comm"
  [ "$l_dropin" = yes ] && [ "$name" = kubelet ] || return 0
  # The last one counts, and what stands before it is what was copied.
  lists=$(tr '\0' '\n' <"/proc/$kubelet/cmdline" | sed -n 's/^--image-credential-provider-config=//p')
  [ "${lists##*"$nl"}" = "$l_config" ] || return 1
  case $lists in
    *"$nl"*) lists=${lists%"$nl"*} ;;
    *) return 0 ;;
  esac
  [ "${lists##*"$nl"}" = "$l_source" ]
}
