# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# Sets born to the start of process $1 in ticks, - if it is gone: with it a pid names one process only.
born() {
  born=-
  [ -r "/proc/$1/stat" ] && read -r line <"/proc/$1/stat" || return 0
  # shellcheck disable=SC2086 # fields after the name: the start is the twentieth
  set -- ${line##*) }
  shift 19
  born=$1
}
