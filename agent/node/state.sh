# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# What pullcast keeps beside the file, in .pullcast: a record, kept files, earlier files, stories, temporary files.
# The record is the newer whole one of record.a and record.b: a run writes over the older, so a torn one costs nothing.
# One line: 2 NUMBER DIGEST SHARE BEFORE OURS BEFORE_RUN KEPT KEPT_DIGEST RUN end
#   NUMBER       counts the runs
#   DIGEST       what the last run, RUN, set out to write
#   SHARE        how much of it is ours: yes is all; part: the rest stands in KEPT or at another place; mixed: the
#                rest is nowhere else
#   BEFORE OURS  what stood there when it began (- is nothing), and how much of that was ours (no is nothing): a run
#                that died between the two renames leaves BEFORE in place
#   BEFORE_RUN   the run that wrote BEFORE, - if that was none of ours
#   KEPT         the file kept before pullcast's first write, "absent" if there was none
# past-RUN is the file that RUN wrote and a later one replaced; story-RUN tells whose entries are in it (story.ts).
read_record() {
  r_number=0 r_slot=b r_digest='' r_share='' r_before='' r_ours='' r_before_run='-' r_kept='' r_kept_digest='' r_run='-'
  for slot in a b; do
    [ -f ".pullcast/record.$slot" ] || continue
    read -r version number s_digest s_share s_before s_ours s_before_run s_kept s_kept_digest s_run end \
      <".pullcast/record.$slot"
    [ "$version$end" = 2end ] || continue
    [ "$number" -gt "$r_number" ] 2>/dev/null || continue
    r_number=$number r_slot=$slot r_digest=$s_digest r_share=$s_share r_before=$s_before r_ours=$s_ours
    r_before_run=$s_before_run r_kept=$s_kept r_kept_digest=$s_kept_digest r_run=$s_run
  done
  [ "$r_number" != 0 ]
}

# Sets ours: how much of what stands there, by its digest $old, was written by us; and by, the run that did.
judge_target() {
  ours=no
  by=-
  read_record || return
  if [ "$old" = "$r_digest" ]; then
    ours=$r_share by=$r_run
  elif [ "$old" = "$r_before" ]; then
    ours=$r_ours by=$r_before_run
  fi
}

# Whether what stands there is what shall stand there: 8180 is a regular file of mode 0600.
is_there() { [ "$old" = "$digest" ] && [ "$target $owner" = "8180 0" ]; }

# Refuses to lose what others wrote; equal bytes with another mode or owner are no loss. Who has seen what stands
# there and takes it into account says so by its digest: then that alone must stand there.
allowed() {
  judge_target
  if [ "$expect" != any ]; then
    [ "$old" = "$expect" ] || fail PC330 "$here/config.json"
    return 0
  fi
  [ "$old" = - ] || [ "$old" = "$digest" ] || [ "$ours" = yes ] || [ "$replace" = yes ] ||
    fail PC301 "$here/config.json"
}

# .pullcast must be root's alone and on the same file system, or a rename would be a copy.
check_state() {
  [ -n "$state" ] || return 0
  [ $((0x$state & 0170000)) -eq $((040000)) ] || fail PC308 "$here/.pullcast is not a directory"
  [ "$state_owner" = 0 ] || fail PC308 "$here/.pullcast belongs to uid $state_owner"
  [ $((0x$state & 077)) -eq 0 ] || fail PC308 "$here/.pullcast is open to others"
  [ "$state_device" = "$device" ] || fail PC304 "$here/.pullcast"
}

make_state() {
  [ -z "$state" ] || return 0
  if words=$(mkdir -m 700 .pullcast 2>&1); then
    made=yes
  elif [ ! -d .pullcast ] || [ -L .pullcast ] || [ ! -O .pullcast ]; then
    give_up "making $here/.pullcast" "$words"
  fi
}

# Sweeps what runs that were killed have left: temporary files and the lock of processes that are gone.
sweep() {
  [ -n "$state" ] || return 0
  [ ! -L .pullcast/lock ] || steal_lock
  for path in .pullcast/new-* .pullcast/record-*; do
    [ -e "$path" ] || continue
    pid=${path#.pullcast/*-}
    pid=${pid%%-*}
    [ "$pid" != $$ ] && [ ! -d "/proc/$pid" ] && rm -f "$path"
  done
}

# One run at a time, on the directory itself: no lock file can be left behind.
take_lock() {
  tries=0
  if command -v flock >/dev/null; then
    exec 9<.
    until flock -n 9; do another_try; done
    return 0
  fi
  born $$
  mine=$$-$born
  until ln -s "$mine" .pullcast/lock 2>/dev/null; do
    steal_lock || another_try
  done
  locked=.pullcast/lock
}

another_try() {
  tries=$((tries + 1))
  [ "$tries" -le 10 ] || fail PC312 "$here stayed locked for 10 seconds"
  sleep 1
}

# Takes the lock from a dead holder; a rename makes sure that only one of several takers succeeds.
steal_lock() {
  holder=$(readlink .pullcast/lock) || return 1
  born "${holder%-*}"
  [ "$born" != "${holder#*-}" ] || return 1
  mv -fT .pullcast/lock ".pullcast/record-$$-$nonce.lock" 2>/dev/null || return 1
  [ "$(readlink ".pullcast/record-$$-$nonce.lock")" = "$holder" ] ||
    mv -fT ".pullcast/record-$$-$nonce.lock" .pullcast/lock
  rm -f ".pullcast/record-$$-$nonce.lock"
}
