#!/bin/sh
# Writes the programs of the DaemonSet's image: assemble.sh TO. As agent/node/programs.ts does, without Node.js.
set -eu
to=$1
cd "$(dirname "$0")/.."

# assemble NAME FRAGMENT…: functions first, then the frame, which reads the header, then the call.
assemble() {
  name=$1
  shift
  {
    for part in "$@" tools same-machine frame; do cat "$part.sh"; done | sed 's/^[ 	]*//;s/[ 	]*$//;/^#/d;/^$/d'
    printf '%s\nexit 70' "$name"
  } >"$to/$name"
}

assemble install find-root check-path kubelet-process search-places born state install
assemble restore find-root check-path born state restore
cp daemon/keep.sh "$to/keep"
chmod 0755 "$to/keep"
