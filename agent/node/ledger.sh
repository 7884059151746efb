# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# What pullcast holds on the node. $extra is one of:
#   list -       "held REF DIGEST PINNED SET,SET,…|-" for each image that it pinned or that a set holds
#   keep SET     the set holds what the payload's lines name and no more: "left REF PINNED" for each that it lets go
#   prune -      layers of runs that were never finished are marked no more, and what no set holds is unpinned, so that
#                the kubelet may remove it: "left REF no" for each
ledger() {
  find_runtime
  [ "$engine" = containerd ] || fail PC719 "$engine"
  verb=${extra% *} set=${extra#* }
  wanted=$nl$(take "$size" 2>/dev/null)$nl
  # shellcheck disable=SC2086 # lists of words
  found=$($limit $ctr images ls 2>/dev/null </dev/null | grep -E "pullcast\.dev/(pinned|set\.[a-z0-9-]+)=yes")
  set -f
  IFS=$nl
  for line in $found; do
    unset IFS
    read_line "$line"
    set -f
    case $verb in
      list) say "held $ref $target $pinned ${sets:--}" ;;
      keep) case ,$sets, in *",$set,"*) case $wanted in *"$nl$ref$nl"*) ;; *) let_go ;; esac ;; esac ;;
      prune) if [ -z "$sets" ] && [ "$ours" = yes ]; then let_go; fi ;;
    esac
  done
  unset IFS
  set +f
  if [ "$verb" = prune ]; then release_layers; fi
  done_with looked -
}

# Takes the set's mark from ref, and the pin where it was pullcast's and no other set holds it.
let_go() {
  marks=
  [ "$verb" = prune ] || marks=pullcast.dev/set.$set=
  if [ "$ours" = yes ]; then
    case $sets in '' | "$set")
      marks="$marks pullcast.dev/pinned= io.cri-containerd.pinned="
      pinned=no
      ;;
    esac
  fi
  # shellcheck disable=SC2086 # labels
  mark "$ref" $marks
  say "left $ref $pinned"
}

# What a run put there that did not come to an image.
release_layers() {
  # shellcheck disable=SC2086 # lists of words
  for one in $($limit $ctr content ls 2>/dev/null </dev/null | grep -F containerd.io/gc.root=pullcast | cut -f 1); do
    # shellcheck disable=SC2086 # lists of words
    $limit $ctr content label "$one" containerd.io/gc.root= >/dev/null 2>&1 </dev/null
  done
}
