# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Finds the containerd that the kubelet uses: sets socket, ctr (a command with its first words), snapshotter, content
# (the directory of its content store), version. A runtime that hangs must not hold the program.
find_containerd() {
  begin_runtime
  find_store
}

# Tells where the kubelet is, and sets how long a tool of the runtime may take.
begin_runtime() {
  find_root
  here=${root:-/var/lib/kubelet}
  if [ -n "$root" ]; then say "root $here/config.json proven"; else say "root $here/config.json assumed"; fi
  limit=
  command -v timeout >/dev/null && limit='timeout 60'
}

find_store() {
  socket=
  for found in /run/containerd/containerd.sock:/var/lib/containerd: \
    /run/k3s/containerd/containerd.sock:/var/lib/rancher/k3s/agent/containerd:/var/lib/rancher/k3s/agent/etc/containerd/config.toml \
    /run/k3s/containerd/containerd.sock:/var/lib/rancher/rke2/agent/containerd:/var/lib/rancher/rke2/agent/etc/containerd/config.toml \
    /run/k0s/containerd.sock:/var/lib/k0s/containerd:/etc/k0s/containerd.toml \
    /var/snap/microk8s/common/run/containerd.sock:/var/snap/microk8s/common/var/lib/containerd:/var/snap/microk8s/current/args/containerd.toml; do
    path=${found%%:*}
    found=${found#*:}
    if [ -S "$path" ] && [ -d "${found%%:*}" ]; then
      socket=$path store=${found%%:*} settings=${found#*:}
      break
    fi
  done
  [ -n "$socket" ] || fail PC741 "none of containerd's sockets is there"
  ctr=
  for tool in ctr 'k3s ctr' /var/lib/rancher/rke2/bin/ctr /opt/bin/ctr /usr/libexec/k0s/ctr microk8s.ctr; do
    command -v "${tool%% *}" >/dev/null && ctr=$tool && break
  done
  [ -n "$ctr" ] || fail PC742
  ctr="$ctr -a $socket -n k8s.io"
  # shellcheck disable=SC2086 # lists of words
  words=$($limit $ctr version 2>&1 </dev/null) || fail PC743 "$words"
  version=${words##*Version:}
  version=${version#"${version%%[! ]*}"}
  version=${version%%"$nl"*}
  find_snapshotter
  content=$store/io.containerd.content.v1.content
}

# What the kubelet's images are unpacked by; containerd's own default where nothing says otherwise.
find_snapshotter() {
  snapshotter=overlayfs
  if [ -n "$settings" ] && [ -f "$settings" ]; then
    said=$(grep -E '^[[:space:]]*snapshotter[[:space:]]*=' "$settings" 2>/dev/null)
  else
    said=$(containerd config dump 2>/dev/null </dev/null | grep -E '^[[:space:]]*snapshotter[[:space:]]*=')
  fi
  said=${said%%"$nl"*}
  case $said in
    *\"*\" | *\'*\')
      said=${said#*[\"\']}
      said=${said%[\"\']}
      ;;
    *) said= ;;
  esac
  case $said in '' | *[!A-Za-z0-9._-]*) ;; *) snapshotter=$said ;; esac
}

# find_part DIGEST: sets part to the bytes of an unfinished ingest of ours, and unfinished to its directory.
find_part() {
  part=0
  unfinished=
  set +f
  for ref in "$content"/ingest/*/ref; do
    [ -f "$ref" ] || continue
    read -r owner <"$ref" 2>/dev/null || [ -n "$owner" ] || continue
    case $owner in
      *"/pullcast-$1")
        unfinished=${ref%/ref}
        part=$(stat -c %s "${ref%/ref}/data" 2>/dev/null) || part=0
        ;;
    esac
  done
  set -f
}

# refuse WHERE WORDS: what containerd says, by the code that it stands for.
refuse() {
  case $2 in
    *"unexpected commit digest"* | *"unexpected commit size"* | *"unexpected size"*) fail PC746 "$1" ;;
    *"no space left"* | *"No space left"*) fail PC307 "$1" ;;
    *"not found"*) fail PC745 "$1: ${2##*"$nl"}" ;;
  esac
  fail PC744 "$1: ${2##*"$nl"}"
}
