# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# The programs that are needed, and what does their work where one is missing or old.
find_tools() {
  for tool in dd grep ls stat sha256sum mkdir chmod ln mv rm rmdir sync; do
    command -v "$tool" >/dev/null || stand_in "$tool" || fail PC315 "$tool"
  done
}

# Gives the name sha256sum to a program that prints what it would print: the digest of nothing is known.
stand_in() {
  [ "$1" = sha256sum ] || return 1
  for by in 'busybox sha256sum' 'openssl dgst -sha256 -r' 'shasum -a 256'; do
    case $($by /dev/null 2>&1) in
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 "*)
        eval "sha256sum() { $by \"\$@\"; }"
        say "warn PC324 $by for sha256sum"
        return 0
        ;;
    esac
  done
  return 1
}

# take BYTES: copies so many of standard input and not one more; less only where it ends.
# The stub knows what dd can: one that takes no whole block from a pipe goes byte by byte. Only for subshells,
# which end with it: that saves a process.
take() {
  if [ -n "$o" ]; then exec dd "bs=$1" count=1 "$o"; else exec dd bs=1 "count=$1"; fi
}

# sync_to_disk PATH…: sets words to what went wrong. coreutils before 8.24 and small busybox builds take no names:
# they sync all that there is, and then a disk's error goes unseen.
sync_to_disk() {
  if words=$(sync "$@" 2>&1); then
    [ -z "$words" ] || synced_all "$words"
    return 0
  fi
  # One that takes names misses this one.
  case $(sync /proc/self/none 2>&1) in *"No such file"*) return 1 ;; esac
  refused=$words
  words=$(sync 2>&1) || return 1
  synced_all "$refused"
}

synced_all() {
  [ -n "$told" ] || say "warn PC325 ${1%%"$nl"*}"
  told=yes
}
