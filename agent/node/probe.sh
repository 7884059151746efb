# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Goes the way of an install up to its first write, so that what would stop a push is known before it.
probe() {
  enter_directory
  check_target
  hash_target
  if is_there; then done_with unchanged "$digest"; fi
  check_state
  allowed
  check_search_places
  done_with probed -
}
