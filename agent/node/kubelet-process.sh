# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# What the process of a proven kubelet tells.

# Sets cwd and home, both absolute. Without HOME, as under systemd, Go has an empty home: the kubelet then looks
# below its cwd (pkg/credentialprovider/config.go, 1.35).
find_places() {
  cwd=/
  home=
  if [ -n "$kubelet" ]; then
    # shellcheck disable=SC2164 # a kubelet that is gone has no directory: / it is
    cd -P "/proc/$kubelet/cwd" 2>/dev/null && cwd=$PWD
    cd /
    set -f
    IFS=$nl
    for line in $(tr '\0' '\n' <"/proc/$kubelet/environ" 2>/dev/null); do
      case $line in HOME=*) home=${line#HOME=} ;; esac
    done
    unset IFS
    set +f
  fi
  case $home in
    /*) ;;
    '') home=$cwd ;;
    *) home=${cwd%/}/$home ;;
  esac
}

# Sets unit to the innermost service of the kubelet's control group.
find_unit() {
  unit=
  set -f
  while read -r line; do
    case $line in 0::* | *:name=systemd:*) ;; *) continue ;; esac
    IFS=/
    for part in $line; do
      case $part in *[!A-Za-z0-9@:._\\-]*) ;; *.service) unit=$part ;; esac
    done
    unset IFS
  done <"/proc/$kubelet/cgroup"
  set +f
}

# Sets started to the time the kubelet's process began, seconds since 1970; 0 if that can't be told.
kubelet_started() {
  started=0
  born "$kubelet"
  while read -r key value; do
    # Ticks are hundredths of a second on every Linux (USER_HZ).
    [ "$key" != btime ] || [ "$born" = - ] || started=$((value + born / 100))
  done </proc/stat
}
