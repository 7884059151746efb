# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Contents of files go to standard output as base64, between two lines of ours; nothing of them is in an argument or
# a variable.

# To be called before the first content: what can't be told is known before anything is.
begin_contents() {
  command -v base64 >/dev/null || fail PC315 base64
  # Bytes of content to send at most: what sshd's peer keeps is bounded.
  budget=4194304
}

# tell_content MODE SIZE PATH: the content of a regular file of 1 MiB at most, within the budget.
tell_content() {
  [ $((0x$1 & 0170000)) -eq $((0100000)) ] || return 0
  if [ "$2" -gt 1048576 ] || [ "$2" -gt "$budget" ]; then return 0; fi
  budget=$((budget - $2))
  say content
  take 1048576 2>/dev/null <"$3" | base64
  say end
}
