# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# Finds the kubelet's root directory: sets root and kubelet (a pid), both empty if none is proven; and mounts.
# A name proves nothing, since pods choose theirs. A kubelet counts if it is uid 0 in PID 1's namespaces, runs
# a root-owned executable and itself holds a socket below ROOT that is also there on disk (kubelet 1.35).
find_root() {
  root=
  kubelet=
  pids=
  sockets=
  mounts=
  # A socket's abstract name may hold a newline and what looks like another line. It has 107 bytes: the kernel's
  # widths (unix_seq_show in net/unix/af_unix.c, 6.12) leave few of them for a path.
  line='([0-9a-f]{8}){1,2}: [0-9A-F]{8} 0{8} [0-9A-F]{8} [0-9A-F]{4} [0-9A-F]{2} [ 0-9]{4}[0-9]+'
  seen=$(grep -EHs "^(kubelet.*|kubelite|k3s.*|k0s.*|rke2.*|hyperkube)\$|^$line /[^ ]+/pod-resources/[^/ ]*\$|/config\\.json " \
    /proc/[0-9]*/comm /proc/net/unix /proc/self/mountinfo)
  set -f
  IFS=$nl
  for line in $seen; do
    case $line in
      /proc/net/unix:*) sockets=$sockets$line$nl ;;
      /proc/self/mountinfo:*) mounts=$mounts$line$nl ;;
      /proc/*/comm:*)
        line=${line#/proc/}
        pids="$pids${line%%/*}$nl"
        ;;
    esac
  done
  for pid in $pids; do
    unset IFS
    genuine "$pid" 2>/dev/null || continue
    fds=$(ls -l "/proc/$pid/fd" 2>/dev/null)
    held=
    IFS=$nl
    for line in $fds; do
      # The first arrow follows the number; what a directory is called comes after it, with a slash.
      case ${line#* -> } in "socket:["*"]") held="$held${line#* -> } " ;; esac
    done
    for line in $sockets; do
      unset IFS
      held_socket "$line"
    done
  done
  unset IFS
  set +f
}

# Whether process $1 can only be the node's own.
genuine() {
  [ "/proc/$1/ns/pid" -ef /proc/1/ns/pid ] &&
    [ "/proc/$1/ns/mnt" -ef /proc/1/ns/mnt ] &&
    [ "/proc/$1/root/" -ef / ] &&
    [ -O "/proc/$1/exe" ] || return 1
  while read -r key real effective saved files rest; do
    [ "$key" = Uid: ] || continue
    [ "$real$effective$saved$files" = 0000 ]
    return
  done <"/proc/$1/status"
  return 1
}

# Takes a line of /proc/net/unix as proof of a root if process $pid, which holds the sockets $held, holds that one.
held_socket() {
  # shellcheck disable=SC2086 # fields: slot, references, protocol, flags, type, state, inode, path
  set -- $1
  case " $held" in *" socket:[$7] "*) ;; *) return ;; esac
  # It is bound under a temporary name and renamed. The device-plugins socket tells nothing: it stands in
  # /var/lib/kubelet whatever the root directory (DevicePluginPath, 1.35).
  found=${8%/pod-resources/*}
  socket=$found/pod-resources/kubelet.sock
  case $found in '' | [!/]* | */../* | */.. | *[!A-Za-z0-9._/@:+-]*) return ;; esac
  [ -S "$socket" ] && [ -O "$socket" ] || return
  # Below /proc/PID/root are the directories of a container: from there no name leads back.
  case $found in /proc/*) return ;; esac
  if ! cd -P "$found/." 2>/dev/null || [ ! "$PWD/" -ef . ]; then
    cd /
    return
  fi
  cd /
  if [ -z "$root" ]; then
    root=$found
    kubelet=$pid
  elif [ ! "$root" -ef "$found" ]; then
    fail PC320 "$root and $found"
  fi
}

# Sets dir, where none was given, and proof: how it is known.
choose_directory() {
  find_root
  proof=given
  if [ "$dir" = - ]; then
    proof=proven
    dir=$root
  fi
  if [ -z "$dir" ]; then
    proof=assumed
    dir=/var/lib/kubelet
  fi
}
