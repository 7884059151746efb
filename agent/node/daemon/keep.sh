#!/bin/sh
# The DaemonSet's program: keeps the file of one revision on its node, by the same programs as a push over SSH.
#   keep       installs the file, and again whenever it is another one; ends with an error where it may not
#   ready      whether the very file of this revision stands there now
#   take-back  brings back what stood there before pullcast's first write, and stays
#   gone       whether nothing of this revision stands there
#   undo       the same as take-back, and ends
# The revision is a mounted Secret: config.json, and header, the words that tell the programs what to do.
# shellcheck disable=SC3045 # read -t is in busybox
set -u
PATH=/bin
lib=/opt/pullcast
revision=/revision
at=/host
poll=${PULLCAST_POLL_SECONDS:-60}
o=iflag=fullblock
export PATH o

log() { printf '%s\n' "$*"; }

# give_in WORDS: what kubectl describe shows, and the end; the kubelet starts it again.
give_in() {
  log "$*"
  printf '%s\n' "$*" >/dev/termination-log 2>/dev/null
  # In a part of the program: the first process ends with all others.
  kill -USR1 $$
  exit 1
}

read_header() {
  read -r header <"$revision/header" || give_in "PC002 $revision/header can't be read"
  # shellcheck disable=SC2086 # words
  set -- $header
  digest=$4 run=$6 oldest=${11}
}

# run_program NAME HEADER INPUT: sets verdict, the words of its last line, and tells its warnings.
run_program() {
  read -r uuid </proc/sys/kernel/random/uuid
  nonce=$(printf '%s' "$uuid" | tr -d -)
  verdict=
  answer=$({ printf '%s %s\n' "$nonce" "$2" && cat "$3"; } | sh "$lib/$1" 2>/dev/null)
  while read -r mark told words; do
    [ "$mark $told" = "PULLCAST1 $nonce" ] || continue
    case $words in
      OK\ * | fail\ *) verdict=$words ;;
      # Of a container's own view of its machine nothing is told.
      "warn PC319 "* | "warn PC321 "*) ;;
      warn\ *) log "${words#warn }" ;;
    esac
  done <<E
$answer
E
}

install_file() {
  run_program install "$header" "$revision/config.json"
  case $verdict in
    "OK unchanged "*) [ -n "${said:-}" ] || log "the file of $run is there" ;;
    OK\ *) log "the file of $run was written" ;;
    fail\ *) give_in "${verdict#fail }" ;;
    *) give_in "PC322 the program ended without an answer" ;;
  esac
  said=yes
}

uptime_now() {
  read -r up rest </proc/uptime
  up=${up%.*}
}

# Waits until somebody touches the file, or until it is time to look. Where nothing is told of the directory
# (no watches are left), looking is all that there is.
wait_for_change() {
  uptime_now
  until=$((up + poll))
  while [ "$up" -lt "$until" ]; do
    if read -r -t $((until - up)) _ _ name; then
      case $name in config.json | '') break ;; esac
      uptime_now
    else
      uptime_now
      [ "$up" -ge "$until" ] || sleep $((until - up))
      return
    fi
  done
  # Whoever writes it may not be done.
  sleep 1
}

keep() {
  inotifyd - "$at:cewmyndDMu" 2>/dev/null | while :; do
    install_file
    wait_for_change
  done &
  attend
}

take_back() {
  run_program restore "restore $at 0 - no $run - - any yes $oldest -" /dev/null
  case $verdict in
    OK\ * | "fail PC317 "*) log "what stood there before pullcast is back" ;;
    # What others wrote since is theirs.
    "fail PC318 "*) log "a file of others stands there: it stays" ;;
    fail\ *) give_in "${verdict#fail }" ;;
    *) give_in "PC322 the program ended without an answer" ;;
  esac
}

is_ready() {
  found=$(sha256sum 2>/dev/null <"$at/config.json") && [ "${found%% *}" = "$digest" ] &&
    [ "$(stat -c '%f %u' "$at/config.json")" = "8180 0" ]
}

# Nothing of ours stands there: it was taken back, or others wrote over it.
is_gone() {
  if [ ! -e "$at/.pullcast/record.a" ] && [ ! -e "$at/.pullcast/record.b" ]; then return 0; fi
  ! is_ready
}

# Waits for what was begun last: the first process gets no signal that it has not asked for.
attend() {
  trap 'exit 0' TERM INT
  trap 'exit 1' USR1
  wait $!
}

read_header
case ${1:-keep} in
  keep) keep ;;
  ready) is_ready ;;
  take-back)
    take_back
    sleep 2147483647 &
    attend
    ;;
  gone) is_gone ;;
  undo) take_back ;;
  *) give_in "PC001 there is no $1" ;;
esac
