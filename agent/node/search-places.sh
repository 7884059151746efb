# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# The kubelet takes the first valid config.json of: root directory, its cwd, $HOME/.docker, /.docker
# (pkg/credentialprovider, 1.35). Warns where ours would not be read, refuses where it would hide another.
check_search_places() {
  # A provider of ours reads it there.
  [ "$dir" != /var/lib/pullcast ] || return 0
  find_places
  cd -P "$here/." || fail PC309 "$here"
  place=0
  position=0
  last=
  for path in "${root:-/var/lib/kubelet}" "$cwd" "${home%/}/.docker" /.docker; do
    place=$((place + 1))
    # Without HOME and with cwd /, the last two are one.
    [ "$path" != "$last" ] || continue
    last=$path
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
