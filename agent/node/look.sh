# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# Tells what stands there, whose it is, and what else the kubelet would read; changes nothing.
# $extra is a run whose file is to be shown as well, or "all".
look() {
  enter_directory
  begin_contents
  say "now ${now:-0}"
  if [ -n "$kubelet" ]; then
    kubelet_started
    say "kubelet $kubelet $started"
  fi
  tell_file config.json
  check_state
  tell_state
  # What stands there for a provider of ours is no place of the kubelet's own.
  if [ "$dir" = /var/lib/pullcast ]; then say answer; else look_elsewhere; fi
  look_live
  done_with looked -
}

# tell_file NAME: its facts, - if there is none; its content where that is a regular file.
tell_file() {
  facts=$(stat -c '%f %u %g %s %Y %Z' "$1" 2>/dev/null)
  say "file $1 ${facts:--}"
  [ -n "$facts" ] || return 0
  if is_mounted "$here/$1"; then say "mounted $1"; fi
  # shellcheck disable=SC2086 # fields
  set -- "$1" $facts
  tell_content "$2" "$5" "$1"
}

# The record's line, the stories, the earlier files.
tell_state() {
  [ -n "$state" ] || return 0
  if read_record; then
    say "record $r_digest $r_share $r_before $r_ours $r_before_run $r_kept $r_kept_digest $r_run"
  fi
  for path in .pullcast/story-*; do
    if [ ! -f "$path" ] || [ -L "$path" ]; then continue; fi
    IFS= read -r line <"$path" || continue
    say "story ${path#.pullcast/story-} $line"
  done
  for path in .pullcast/past-*; do
    if [ ! -f "$path" ] || [ -L "$path" ]; then continue; fi
    say "past ${path#.pullcast/past-}"
    case $extra in all | "${path#.pullcast/past-}") tell_file "$path" ;; esac
  done
  if [ "$extra" = all ]; then
    for path in .pullcast/kept-*; do
      if [ -f "$path" ] && [ ! -L "$path" ]; then tell_file "$path"; fi
    done
  fi
}

# The other files that the kubelet may read, in its order (pkg/credentialprovider, 1.35). Ours is named by its place.
look_elsewhere() {
  find_places
  cd -P "$here/." || fail PC309 "$here"
  for path in "${root:-/var/lib/kubelet}" "$cwd" "${home%/}/.docker" /.docker; do
    if [ "$path" -ef . ]; then
      say "place own ${path%/}/config.json"
    elif [ -f "${path%/}/config.json" ] && [ ! "${path%/}/config.json" -ef config.json ]; then
      say "place other ${path%/}/config.json"
      tell_file "${path%/}/config.json"
    fi
  done
}
