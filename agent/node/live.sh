# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# Live mode: the kubelet asks a program of ours at each pull. $extra is the step and its words.
live() {
  here=/var/lib/pullcast
  say "root $here/config.json given"
  # shellcheck disable=SC2086 # words
  set -- $extra
  step=$1
  shift
  case $step in
    stage) live_stage ;;
    enable) live_enable "$@" ;;
    confirm) live_confirm ;;
    undo) live_undo ;;
    remove) live_remove ;;
  esac
}

# Tells how the kubelet is started and which providers it has; changes nothing.
live_stage() {
  find_root
  [ -n "$kubelet" ] || fail PC541
  begin_contents
  say "now $(date +%s)"
  without_ours=yes
  survey_process
  [ -n "$unit" ] || fail PC550 "the kubelet's process $kubelet belongs to no service"
  need_systemd
  find_places
  survey_providers
  main=$(systemctl show -p MainPID "$unit" 2>/dev/null </dev/null)
  main=${main#MainPID=}
  name=
  [ ! -r "/proc/$main/comm" ] || read -r name <"/proc/$main/comm"
  say "main $main $name"
  limit=
  command -v timeout >/dev/null && limit='timeout 10'
  [ "$main" != "$kubelet" ] || case $name in
    kubelet) say "version $($limit "/proc/$kubelet/exe" --version 2>/dev/null </dev/null)" ;;
  esac
  say unit-text
  say content
  systemctl cat "$unit" 2>/dev/null </dev/null | base64
  say end
  done_with staged -
}

need_systemd() {
  for tool in systemctl systemd-run; do
    command -v "$tool" >/dev/null || fail PC550 "the node has no $tool"
  done
}

# enable UNIT CONFIG PROGRAM DROPIN SOURCE SOURCE_DIGEST PORTS, and the sizes of what comes: configuration, program,
# the timer's script, drop-in.
live_enable() {
  w_record="$1 $2 $3 $4 $5 $6 $7"
  w_unit=$1 w_config=$2 w_program=$3 w_dropin=$4
  shift 7
  find_root
  [ -n "$kubelet" ] || fail PC541
  find_unit
  [ "$unit" = "$w_unit" ] || fail PC550 "the kubelet is part of ${unit:-no service} now"
  need_systemd
  [ "$w_dropin" = no ] || [ -w /etc/systemd/system ] || fail PC554 "/etc/systemd/system can't be written"
  enter_live
  mkdir -p "${w_program%/*}" 2>/dev/null
  check_program_place "${w_program%/*}"
  for path in "$w_config" "$w_program"; do own_or_none "$path"; done
  receive_live "$@"
  take_lock
  if read_live && [ "$l_state" = trial ]; then
    stop_timer
    live_back
    seek
  fi
  keep_before
  place_live
  arm
  words=$(systemctl daemon-reload 2>&1 </dev/null) || take_back "systemctl daemon-reload: $words"
  older=$kubelet
  words=$($limit systemctl restart "$w_unit" 2>&1 </dev/null) || take_back "systemctl restart $w_unit: $words"
  await_kubelet
  done_with switched -
}

# Looks for the kubelet anew, and comes back.
seek() {
  find_root
  cd -P "$here" 2>/dev/null || take_back "$here is gone"
}

# Makes and enters the directory; it must be root's alone.
enter_live() {
  [ -d "$here" ] || mkdir -m 700 "$here" 2>/dev/null
  cd -P "$here" 2>/dev/null || fail PC309 "$here"
  [ -O . ] || fail PC308 "$here does not belong to root"
  case $(stat -c %a . 2>/dev/null) in *00) ;; *) fail PC308 "$here is open to others" ;; esac
  limit=
  command -v timeout >/dev/null && limit='timeout 40'
}

# A program must be executable there, and nobody but root may change it.
check_program_place() {
  [ -d "$1" ] || fail PC554 "$1 can't be made"
  [ -w "$1" ] || fail PC554 "$1 can't be written"
  path=$1
  while [ -n "$path" ]; do
    # shellcheck disable=SC2046 # fields
    trusted "$path" $(stat -L -c '%u %f' "$path")
    path=${path%/*}
  done
  mount_flags "$(cd -P "$1" && pwd -P)"
  case ,$flags, in *,noexec,*) fail PC554 "$1: its file system is mounted noexec" ;; esac
}

# What others put under our name is theirs.
own_or_none() {
  case $1 in "$here"/*) return 0 ;; esac
  [ ! -e "$1" ] || grep -q 'pullcast' "$1" 2>/dev/null || fail PC554 "$1 is there already, and is not pullcast's"
}

# All that comes is there and whole before anything is changed.
receive_live() {
  scrap='new-config new-program new-undo new-dropin'
  # shellcheck disable=SC2086 # a list of our own names
  rm -f $scrap
  for part in $scrap; do
    [ "$1" = 0 ] || words=$( (take "$1") 2>&1 >"$part") || give_up "writing $here/$part" "$words"
    [ "$1" != 0 ] || : >"$part"
    shift
  done
  # shellcheck disable=SC2086 # a list of our own names
  words=$(cat $scrap | sha256sum)
  [ "${words%% *}" = "$digest" ] || fail PC311 "$size bytes arrived with another digest"
}

# What a confirmed trial left is what this one may have to go back to.
keep_before() {
  rm -f before/record before/config before/dropin
  read_live || return 0
  [ -d before ] || mkdir -m 700 before
  cp -p record before/record
  [ ! -f "$l_config" ] || cp -p "$l_config" before/config
  [ ! -f "/etc/systemd/system/$drop" ] || cp -p "/etc/systemd/system/$drop" before/dropin
}

# The record goes first, since it says what is to be removed. A drop-in in /run is gone after a restart of the
# machine: so is a trial that ended with the machine.
place_live() {
  printf '1 trial %s %s end\n' "$run" "$w_record" >|new-record || fail PC307 "$here/new-record"
  sync_to_disk new-record
  mv -fT new-record record
  mv -fT new-undo undo
  chmod 700 undo
  rm -f undone
  if [ -e /sys/fs/selinux/enforce ]; then chcon -t bin_t new-program 2>/dev/null; fi
  words=$(cp new-program "$w_program.new" && chmod 755 "$w_program.new" && mv -fT "$w_program.new" "$w_program" 2>&1) ||
    take_back "writing $w_program: $words"
  if [ -e /sys/fs/selinux/enforce ]; then chcon -t bin_t "$w_program" 2>/dev/null; fi
  words=$(cp new-config "$w_config.new" && mv -fT "$w_config.new" "$w_config" 2>&1) ||
    take_back "writing $w_config: $words"
  if [ "$w_dropin" = yes ] && ! cmp -s new-dropin "/etc/systemd/system/$w_unit.d/zz-pullcast.conf"; then
    rm -f "/etc/systemd/system/$w_unit.d/zz-pullcast.conf"
    words=$(mkdir -p "/run/systemd/system/$w_unit.d" &&
      cat new-dropin >|"/run/systemd/system/$w_unit.d/zz-pullcast.conf" 2>&1) ||
      take_back "writing /run/systemd/system: $words"
    chmod 755 "/run/systemd/system/$w_unit.d"
    chmod 644 "/run/systemd/system/$w_unit.d/zz-pullcast.conf"
  fi
  # shellcheck disable=SC2086 # a list of our own names
  rm -f $scrap
  scrap=
  "$w_program" 2>/dev/null </dev/null | grep -q '^{"kind":"CredentialProviderResponse",' ||
    take_back "$w_program does not run"
  sync_to_disk . || take_back "syncing $here: $words"
}

# The dead man's timer: systemd's own, so that it goes on whatever becomes of the link and of whoever sent this.
arm() {
  stop_timer
  words=$(systemd-run --unit=pullcast-undo --on-active=60 --timer-property=AccuracySec=1s --collect \
    /bin/sh "$here/undo" "$run" 2>&1 </dev/null) ||
    words=$(systemd-run --unit=pullcast-undo --on-active=60 --timer-property=AccuracySec=1s \
      /bin/sh "$here/undo" "$run" 2>&1 </dev/null) || take_back "no timer could be set: $words"
}

stop_timer() {
  systemctl stop pullcast-undo.timer 2>/dev/null </dev/null
  systemctl reset-failed pullcast-undo.timer pullcast-undo.service 2>/dev/null </dev/null
}

# A kubelet that serves, with our words on its command line where that is shown, and is the same a moment later.
await_kubelet() {
  tries=0
  steady=
  while [ "$tries" -lt 40 ]; do
    sleep 1
    tries=$((tries + 1))
    seek
    if [ -z "$kubelet" ] || [ "$kubelet" = "$older" ]; then continue; fi
    if [ "$kubelet" = "$steady" ]; then
      told_provider || take_back "the kubelet came without the provider: something sets its command line after us"
      return 0
    fi
    steady=$kubelet
  done
  words=$(systemctl show -p ActiveState -p SubState "$w_unit" 2>/dev/null | tr '\n' ' ')
  take_back "no kubelet served 40 s after the restart ($words)"
}

# k3s shows no words of its command line.
told_provider() {
  [ "$w_dropin" = yes ] || return 0
  read -r name <"/proc/$kubelet/comm"
  [ "$name" = kubelet ] || return 0
  tr '\0' '\n' <"/proc/$kubelet/cmdline" | grep -qxF -e "--image-credential-provider-config=$w_config"
}

# take_back WHY: undoes the trial and ends.
take_back() {
  why=${1%%"$nl"*}
  stop_timer
  live_back >/dev/null 2>&1
  fail PC555 "$why"
}

# The node is well: what was tried is to last.
live_confirm() {
  enter_live
  take_lock
  if ! read_live || [ "$l_state $l_run" != "trial $run" ]; then fail PC556 "$here"; fi
  if [ -f "/run/systemd/system/$drop" ]; then
    words=$(mkdir -p "/etc/systemd/system/$l_unit.d" &&
      cp "/run/systemd/system/$drop" "/etc/systemd/system/$l_unit.d/.zz-pullcast.new" 2>&1 &&
      mv -fT "/etc/systemd/system/$l_unit.d/.zz-pullcast.new" "/etc/systemd/system/$drop" 2>&1) ||
      take_back "writing /etc/systemd/system: $words"
    chmod 755 "/etc/systemd/system/$l_unit.d"
    chmod 644 "/etc/systemd/system/$drop"
    sync_to_disk "/etc/systemd/system/$drop"
  fi
  printf '1 on %s %s %s %s %s %s %s %s end\n' "$l_run" "$l_unit" "$l_config" "$l_program" "$l_dropin" "$l_source" \
    "$l_digest" "$l_ports" >|new-record || take_back "writing $here"
  sync_to_disk new-record
  mv -fT new-record record
  sync_to_disk .
  drop_file "/run/systemd/system/$drop"
  systemctl daemon-reload 2>/dev/null </dev/null
  rm -f before/record before/config before/dropin
  [ ! -d before ] || rmdir before 2>/dev/null
  stop_timer
  done_with confirmed -
}

# The node is not well: back at once, the timer has nothing left to do.
live_undo() {
  enter_live
  take_lock
  if ! read_live || [ "$l_state $l_run" != "trial $run" ]; then
    [ ! -f undone ] || done_with undone -
    fail PC556 "$here"
  fi
  stop_timer
  words=$(live_back 2>&1) || fail PC502 "systemctl restart: $words"
  done_with undone -
}

# Takes live mode away; the kubelet forgets it when it is restarted. "undone": there was nothing to take away.
live_remove() {
  if [ ! -d "$here" ]; then done_with undone -; fi
  enter_live
  take_lock
  if ! read_live; then
    rm -f undone
    rmdir "$here" 2>/dev/null
    done_with undone -
  fi
  stop_timer
  live_away
  words=$(systemctl daemon-reload 2>&1 </dev/null) || fail PC502 "systemctl daemon-reload: $words"
  cd /
  rmdir "$here" 2>/dev/null
  done_with removed -
}
