# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# What an image gets when it is in containerd's store: both its names, pins, the mark of a set.

# read_terms WORDS: NAME BY_DIGEST TOP PLATFORM PIN SET LAYER,LAYER,…; TOP is what both names must mean in the end, LAYERs
# are marked, and SET or - is the set that holds it. Looks what stands there of it before anything is changed.
read_terms() {
  # shellcheck disable=SC2086 # words
  set -- $1
  name=$1 by_digest=$2 top=$3 platform=$4 pin=$5 set=$6 layers=$7
  read_ref "$name"
  find_marks
  name_marks=$marks
  read_ref "$by_digest"
  find_marks
  digest_marks=$marks
}

# Sets marks to the labels that the reference is to have, by what was read of it: newer containerds drop all that it had.
# What others pinned stays theirs.
find_marks() {
  marks=
  if [ "$pin" = yes ]; then
    marks=io.cri-containerd.pinned=pinned
    [ "$pinned,$ours" = yes,no ] || marks="$marks pullcast.dev/pinned=yes"
  elif [ "$pinned" = yes ]; then
    marks=io.cri-containerd.pinned=pinned
    [ "$ours" = no ] || marks="$marks pullcast.dev/pinned=yes"
  fi
  IFS=,
  for one in $sets; do marks="$marks pullcast.dev/set.$one=yes"; done
  unset IFS
  [ "$set" = - ] || marks="$marks pullcast.dev/set.$set=yes"
}

# name_image HAS WANTED: the reference that it has, and the one that it gets besides.
name_image() {
  if [ "$1" != "$2" ]; then
    # shellcheck disable=SC2086 # lists of words
    words=$($limit $ctr images tag --force "$1" "$2" 2>&1 </dev/null) || refuse "naming $2" "$words"
  fi
  # shellcheck disable=SC2086 # labels
  [ -z "$name_marks" ] || mark "$name" $name_marks
  # shellcheck disable=SC2086 # labels
  [ -z "$digest_marks" ] || mark "$by_digest" $digest_marks
  # The image names its layers from here on: our mark goes. A value that is empty takes it away.
  mark_layers ""
  for one in "$name" "$by_digest"; do listed "$one"; done
  done_with updated "$digest"
}

# listed NAME: waits until containerd's CRI, which is what the kubelet asks, lists it: it hears of new ones, and marks them.
listed() {
  for try in 1 2 3 4 5 6 7 8 9 10; do
    read_ref "$1"
    [ "$target" = "$top" ] || fail PC744 "$1 does not mean $top"
    [ "$managed" = no ] || return 0
    sleep 1
  done
  fail PC747 "$1"
}

# mark_layers VALUE: keeps those of the image's layers that are there from being collected, or does so no more.
mark_layers() {
  IFS=,
  for one in $layers; do
    unset IFS
    # shellcheck disable=SC2086 # lists of words
    [ "$one" = - ] || $limit $ctr content label "$one" "containerd.io/gc.root=$1" >/dev/null 2>&1 </dev/null
  done
  unset IFS
}
