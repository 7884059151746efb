# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# What pullcast notes on images, as labels in containerd's own list of them:
#   pullcast.dev/pinned=yes     it was pinned by pullcast, which may unpin it
#   pullcast.dev/set.NAME=yes   this set holds it

# read_ref NAME: sets target to the digest it means, empty if there is none; see read_line.
read_ref() {
  target=
  # shellcheck disable=SC2086 # lists of words
  read_line "$($limit $ctr images ls "name==$1" 2>/dev/null </dev/null | grep -F -- "$1 ")"
}

# read_line LINE: sets ref and target, managed (yes where the CRI lists it), pinned (yes, no), ours (yes where pullcast
# pinned it) and sets (NAME,NAME,…) by a line of ctr images ls: REF TYPE DIGEST and more, labels among it.
read_line() {
  ref='' target='' managed=no pinned=no ours=no sets=
  [ -n "$1" ] || return 0
  labels=$1
  set -f
  # shellcheck disable=SC2086 # words
  set -- $1
  ref=$1 target=$3
  case $labels in *io.cri-containerd.image=managed*) managed=yes ;; esac
  case $labels in *io.cri-containerd.pinned=pinned*) pinned=yes ;; esac
  case $labels in *pullcast.dev/pinned=yes*) ours=yes ;; esac
  IFS=' ,'
  for word in $labels; do
    case $word in pullcast.dev/set.*=yes)
      word=${word#pullcast.dev/set.}
      sets=$sets${sets:+,}${word%=yes}
      ;;
    esac
  done
  unset IFS
  set +f
}

# mark REF LABEL=VALUE…: a value that is empty takes the label away.
mark() {
  # shellcheck disable=SC2086 # lists of words
  words=$($limit $ctr images label "$@" 2>&1 </dev/null) || refuse "marking $1" "$words"
}
