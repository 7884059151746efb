# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# Chooses the directory, enters it (so that nobody can swap it later) and looks at all that matters by one stat.
# Sets here, now, target (the mode in hex, empty if absent), owner, mtime, device, state (of .pullcast), and plain, which
# says that a file made there gets the mode that the umask leaves: a record got it.
enter_directory() {
  choose_directory
  # Where live mode keeps what its provider prints: the first push makes it.
  if [ "$dir $op" = "/var/lib/pullcast install" ] && [ ! -e "$dir" ]; then mkdir -m 700 "$dir" 2>/dev/null; fi
  cd -P "$dir" 2>/dev/null || fail PC309 "$dir"
  here=${PWD%/}
  # What lies below /proc/PID/root has a name that means another directory here.
  [ "$here/" -ef . ] || fail PC309 "$dir"
  case $here in *[!A-Za-z0-9._/@:+-]*) fail PC309 "$dir leads to a path with unusual characters" ;; esac
  say "root $here/config.json $proof"
  [ "$proof" != assumed ] || say "warn PC321 $here"
  inspect
}

inspect() {
  chain=/
  for path in "$dir" "$here"; do
    while [ -n "$path" ]; do
      chain="$chain $path"
      path=${path%/*}
    done
  done
  names=
  target=
  state=
  if [ -e config.json ] || [ -L config.json ]; then names=config.json; fi
  plain=
  if [ -e .pullcast ] || [ -L .pullcast ]; then names="$names .pullcast .pullcast/record.a"; fi
  # A fresh inode of proc carries the present time: that saves a process for date.
  # shellcheck disable=SC2086 # lists of names without blanks
  facts=$(stat -c '%n %u %f %d %Y' $chain $names . /proc/self/ 2>/dev/null)
  IFS=$nl
  for line in $facts; do
    unset IFS
    # shellcheck disable=SC2086 # fields
    set -- $line
    case $1 in
      /proc/self/) now=$5 ;;
      config.json) target=$3 owner=$2 mtime=$5 ;;
      .pullcast/record.a) [ "$3" != 8180 ] || plain=yes ;;
      .pullcast) state=$3 state_owner=$2 state_device=$4 ;;
      .) device=$4 ;;
      /*) trusted "$1" "$2" "$3" ;;
    esac
  done
  unset IFS
  [ -n "$device" ] || fail PC309 "$dir"
}

# trusted PATH UID MODE: only root may change what this name leads to.
trusted() {
  [ "$2" = 0 ] || fail PC308 "$1 belongs to uid $2"
  [ $((0x$3 & 0170000)) -ne $((0120000)) ] || return 0
  [ $((0x$3 & 022)) -eq 0 ] || fail PC308 "$1 is writable by group or others"
}

# Refuses a target that can't be replaced by a rename, or that is more than a file.
check_target() {
  [ -n "$target" ] || return 0
  case $((0x$target & 0170000)) in
    32768) ;;
    16384) fail PC303 "$here/config.json is a directory" ;;
    40960) fail PC303 "$here/config.json is a symbolic link" ;;
    4096) fail PC303 "$here/config.json is a FIFO" ;;
    49152) fail PC303 "$here/config.json is a socket" ;;
    *) fail PC303 "$here/config.json is a device" ;;
  esac
  if is_mounted "$here/config.json"; then fail PC304 "$here/config.json"; fi
}

# Whether something is mounted at this very path.
is_mounted() {
  found=no
  set -f
  IFS=$nl
  for line in $mounts; do
    unset IFS
    at=$1
    # shellcheck disable=SC2086 # fields: …, the mount point is the fifth
    set -- $line
    [ "$5" != "$at" ] || found=yes
    set -- "$at"
  done
  unset IFS
  set +f
  [ "$found" = yes ]
}

# mount_flags PATH: sets flags to those of the mount that holds it and of the file system behind it; the innermost
# mount counts, of several in one place the last.
mount_flags() {
  inner=/
  flags=
  while read -r _ _ _ _ at mode rest; do
    case $1/ in "${at%/}"/*) ;; *) continue ;; esac
    [ ${#at} -lt ${#inner} ] || inner=$at flags=$mode,${rest##* }
  done </proc/self/mountinfo
}

# Sets old to the target's digest, - if there is none.
hash_target() {
  old=-
  [ -n "$target" ] || return 0
  old=$(sha256sum config.json 2>&1) || give_up "reading $here/config.json" "$old"
  old=${old%% *}
}
