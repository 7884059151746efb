# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Tells what stands there, after a lost answer. Writes nothing.
state() {
  enter_directory
  check_target
  hash_target
  [ -z "$target" ] || say "mtime $mtime now ${now:-$mtime}"
  done_with state "$old"
}
