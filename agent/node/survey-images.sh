# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# The names of the images that the container runtime has, 2000 at most; nothing where no program tells them.
survey_images() {
  say_lines "image " "$(list_images | sort -u | head -n 2000 | cut -c 1-500)"
}

# The first program that answers tells them all. A runtime that hangs must not hold the survey.
list_images() {
  limit=
  command -v timeout >/dev/null && limit='timeout 10'
  for tool in crictl 'k3s crictl'; do
    command -v "${tool%% *}" >/dev/null || continue
    # shellcheck disable=SC2086 # lists of words
    found=$($limit $tool images </dev/null 2>/dev/null) || continue
    # IMAGE, TAG and more, below a head.
    printf '%s\n' "$found" | sed -n -E -e '1d' -e 's/^([^ ]+) +<none> .*/\1/p' -e 's/^([^ ]+) +([^ ]+) .*/\1:\2/p'
    return 0
  done
  for tool in 'ctr -a /run/containerd/containerd.sock' 'ctr -a /var/snap/microk8s/common/run/containerd.sock'; do
    # It waits long for a socket that is not there.
    if ! [ -S "${tool##* }" ] || ! command -v ctr >/dev/null; then continue; fi
    # shellcheck disable=SC2086 # lists of words
    found=$($limit $tool -n k8s.io images ls -q </dev/null 2>/dev/null) || continue
    printf '%s\n' "$found" | grep -v '^sha256:'
    return 0
  done
  command -v docker >/dev/null || return 0
  # shellcheck disable=SC2086 # lists of words
  $limit docker images --format '{{.Repository}}:{{.Tag}}' </dev/null 2>/dev/null | sed 's/:<none>$//'
}
