# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# The kubelet takes the first valid config.json of: root directory, its cwd, $HOME/.docker, /.docker
# (pkg/credentialprovider, 1.35). Warns where ours would not be read, refuses where it would hide another.
check_search_places() {
  cwd=/
  home=
  if [ -n "$kubelet" ]; then
    # shellcheck disable=SC2164 # a kubelet that is gone has no directory: / it is
    cd -P "/proc/$kubelet/cwd" 2>/dev/null && cwd=$PWD
    cd -P "$here/." || fail PC309 "$here"
    find_home
  fi
  place=0
  position=0
  for path in "${root:-/var/lib/kubelet}" "$cwd" "$home" /.docker; do
    place=$((place + 1))
    [ -n "$path" ] || continue
    if [ "$position" = 0 ] && [ "$path" -ef . ]; then
      position=$place
    elif [ -f "${path%/}/config.json" ] && [ ! "${path%/}/config.json" -ef config.json ] &&
      grep -q '"auths"' "${path%/}/config.json" 2>/dev/null; then
      usable "${path%/}/config.json"
    fi
  done
  [ "$position" != 0 ] || say "warn PC319 $here"
}

# usable FILE: a valid file at another place.
usable() {
  if [ "$position" = 0 ]; then
    early=$1
  elif [ -z "$target" ]; then
    [ "$replace" = yes ] || fail PC302 "$1"
    say "warn PC302 $1"
  fi
}

# Sets home to the kubelet's $HOME/.docker, empty where HOME is not set or odd.
find_home() {
  set -f
  IFS=$nl
  for line in $(tr '\0' '\n' <"/proc/$kubelet/environ" 2>/dev/null); do
    case $line in HOME=/*) home=${line#HOME=}/.docker ;; esac
  done
  unset IFS
  set +f
}
