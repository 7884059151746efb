# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Goes the way of an install up to its first write, so that what would stop a push is known before it.
probe() {
  enter_directory
  tell_machine
  check_target
  hash_target
  if is_there; then done_with unchanged "$digest"; fi
  check_state
  allowed
  check_mount
  check_search_places
  done_with probed -
}

# What a diagnosis tells of the machine: the shell that runs this, its clock, and the room beside the file.
tell_machine() {
  shell=$(ls -l /proc/$$/exe 2>/dev/null)
  say "shell ${shell##* -> }"
  say "clock $now"
  room=$(df -Pk . 2>/dev/null)
  say "room ${room##*"$nl"}"
}

# An install learns from its first write that the file system is read-only.
check_mount() {
  mount_flags "$here"
  case ,$flags, in *,ro,*) fail PC306 "$here: mounted read-only" ;; esac
}
