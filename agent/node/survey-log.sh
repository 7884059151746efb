# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# What the kubelet last said about credentials: two hours of its units' journal, other words left out.
survey_log() {
  command -v journalctl >/dev/null || return 0
  limit=
  command -v timeout >/dev/null && limit='timeout 20'
  units='-u kubelet -u k3s -u k3s-agent -u rke2-server -u rke2-agent -u k0scontroller -u k0sworker -u snap.microk8s.daemon-kubelite'
  [ -z "$unit" ] || units="-u $unit"
  # klog breaks an error of several lines over several entries, from err=< to >.
  block='/err=<$/,/\]:[[:space:]]+>/{p
b
}'
  telling='Refreshing cache for provider|dockercfg|[Cc]redential provider|[Cc]redentials for image|[Pp]ull secret|PullImage|ErrImagePull'
  since=$(($(date +%s) - 7200))
  # shellcheck disable=SC2086 # lists of words without blanks
  found=$($limit journalctl -q --no-pager -o short-unix -n 20000 --since "@$since" $units 2>/dev/null </dev/null |
    sed -n -E -e "$block" -e "/$telling/p" |
    cut -c 1-1000 | tail -n 400)
  first=
  # How far back the words of this process go: silence tells only where they would be heard.
  [ -z "$kubelet" ] ||
    first=$($limit journalctl -q --no-pager -o short-unix --since "@$started" "_PID=$kubelet" 2>/dev/null </dev/null |
      head -n 1 | cut -c 1-100)
  say "journal ${first%% *}"
  refreshed=
  kept=
  count=0
  set -f
  IFS=$nl
  for line in $found; do
    case $line in
      *"Refreshing cache for provider"*) refreshed=$line ;;
      *) kept="$kept$line$nl" count=$((count + 1)) ;;
    esac
  done
  [ -z "$refreshed" ] || say "log $refreshed"
  skip=$((count - 80))
  for line in $kept; do
    if [ "$skip" -gt 0 ]; then skip=$((skip - 1)); else say "log $line"; fi
  done
  unset IFS
  set +f
}
