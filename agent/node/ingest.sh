# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Puts one layer, which follows on standard input, into containerd's content store; $extra bytes of it are there
# from before. A mark keeps it from being collected until an image names it.
ingest() {
  find_containerd
  blob=sha256:$digest
  find_part "$blob"
  [ "$part" = "$extra" ] || fail PC745 "$part bytes of it are there, not $extra"
  if [ "$part" != 0 ]; then take_rest; fi
  # shellcheck disable=SC2086 # lists of words
  if ! words=$($ctr content ingest --expected-digest "$blob" --expected-size "$size" "pullcast-$blob" 2>&1); then
    case $words in *"unexpected commit"* | *"unexpected size"*) forget_part ;; esac
    refuse "receiving $blob" "$words"
  fi
  # shellcheck disable=SC2086 # lists of words
  words=$($limit $ctr content label "$blob" containerd.io/gc.root=pullcast 2>&1 </dev/null) ||
    refuse "keeping $blob" "$words"
  done_with updated "$digest"
}

# What is there of a damaged layer is no beginning of the right one: the next run sends all of it.
forget_part() {
  find_part "$blob"
  [ -z "$unfinished" ] || rm -rf "$unfinished"
}

# containerd passes over what it has of a layer, but only in a file: a hole stands for that, and what comes follows it.
# A link that is cut ends what comes: containerd keeps that too, and the next run goes on after it.
take_rest() {
  rest=$store/.pullcast-rest-$$
  for path in "$store"/.pullcast-rest-*; do
    [ -e "$path" ] && [ ! -d "/proc/${path##*-}" ] && rm -f "$path"
  done
  scrap=$rest
  words=$(dd if=/dev/zero of="$rest" bs=1 count=0 seek="$part" 2>&1) || refuse "receiving $blob" "$words"
  words=$({ cat >>"$rest"; } 2>&1) || refuse "receiving $blob" "$words"
  exec <"$rest"
  # Its name is not needed any more.
  rm -f "$rest"
  scrap=
}
