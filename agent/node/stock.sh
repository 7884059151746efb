# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Tells what of images is on the node already; changes nothing. The payload's lines name what is wanted:
# "layers DIFF_ID …" tells of docker and podman what is unpacked.
#   blob DIGEST    a layer: "blob DIGEST" if it is there, "part DIGEST BYTES" if a part of it is
#   chain ID       "chain ID" if it is unpacked
#   ref NAME       "ref NAME DIGEST PINNED SET,SET,…|-" if there is such an image
#   id ID FILE     "record ID JSON" if the kubelet has pulled an image with this ID: its record
stock() {
  find_runtime
  tell_settings
  say "engine $engine"
  say "runtime $version"
  say "machine $(uname -m)"
  room=$(df -Pk "$store" 2>/dev/null)
  say "room ${room##*"$nl"}"
  if [ "$engine" = containerd ]; then look_at_store; else tell_layers; fi
  wanted=$(take "$size" 2>/dev/null)
  set -f
  IFS=$nl
  for line in $wanted; do
    unset IFS
    name=${line#* }
    case $engine,$line in
      containerd,"blob "*) case $blobs in *"$name$nl"*) say "blob $name" ;; *) tell_part "$name" ;; esac ;;
      containerd,"chain "*) case $chains in *"$name "*) say "chain $name" ;; esac ;;
      *,"ref "*) tell_ref "$name" ;;
      *,"id "*) tell_record "${name% *}" "${name#* }" ;;
    esac
  done
  unset IFS
  set +f
  done_with looked -
}

look_at_store() {
  say "snapshotter $snapshotter"
  # shellcheck disable=SC2086 # lists of words
  blobs=$($limit $ctr content ls -q 2>/dev/null </dev/null)$nl
  # shellcheck disable=SC2086 # lists of words
  chains=$($limit $ctr snapshots --snapshotter "$snapshotter" ls 2>/dev/null </dev/null)$nl
}

# What of a blob came before a link was cut: containerd goes on there.
tell_part() {
  find_part "$1"
  [ "$part" = 0 ] || say "part $1 $part"
}

# tell_ref NAME: of docker and podman, by the image's ID.
tell_ref() {
  if [ "$engine" = containerd ]; then
    read_ref "$1"
  else
    tell_image "$1"
    target=$found pinned=no sets=
  fi
  [ -z "$target" ] || say "ref $1 $target $pinned ${sets:--}"
}
