# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Finds the runtime that the kubelet uses: sets engine, and what find_containerd or find_tool sets.
find_runtime() {
  begin_runtime
  find_engine
  if [ "$engine" = containerd ]; then find_store; else find_tool; fi
}

# Sets engine to what runs the kubelet's containers: containerd, docker (by cri-dockerd), or podman, which fills the
# store of CRI-O; and flags to the kubelet's, one word a line. The kubelet's own word counts, else the sockets that are
# there.
find_engine() {
  endpoint=
  flags=
  if [ -n "$kubelet" ]; then
    flags=$(tr '\0\n' '\n ' <"/proc/$kubelet/cmdline" 2>/dev/null)
    endpoint=$(setting_of container-runtime-endpoint)
    path=$(setting_of config)
    case $endpoint,$path in
      ,/*) endpoint=$(sed -n -E 's/^[[:space:]]*"?containerRuntimeEndpoint"?[[:space:]]*:[[:space:]]*"?([^",[:space:]]+).*/\1/p' "$path" 2>/dev/null) ;;
    esac
  fi
  engine=containerd
  case $endpoint in
    *containerd*) ;;
    *dockerd* | *dockershim*) engine=docker ;;
    *crio*) engine=podman ;;
    *)
      # Docker brings a containerd of its own.
      if [ -S /run/cri-dockerd.sock ]; then
        engine=docker
      elif [ -S /run/crio/crio.sock ] && ! [ -S /run/containerd/containerd.sock ]; then
        engine=podman
      fi
      ;;
  esac
}

# values_of FLAG: the values of a flag among $flags, each on a line.
values_of() {
  printf '%s\n' "$flags" | sed -n -e "s/^--$1=//p" -e "/^--$1\$/{n;p;}"
}

# setting_of FLAG: the last of them, which counts.
setting_of() {
  values_of "$1" | tail -n 1
}

# Sets tool, version and store of an engine that is not containerd.
find_tool() {
  tool=$engine
  command -v "$tool" >/dev/null || fail PC741 "the kubelet's runtime is filled by $tool, and that is not there"
  format='{{.ServerVersion}} {{.DockerRootDir}}'
  [ "$engine" = docker ] || format='{{.Version.Version}} {{.Store.GraphRoot}}'
  # shellcheck disable=SC2086 # lists of words
  words=$($limit $tool info --format "$format" 2>&1 </dev/null) || fail PC743 "$words"
  words=${words##*"$nl"}
  version="$engine ${words%% *}"
  store=${words#* }
  [ "$engine" = docker ] || same_store
}

# podman fills CRI-O's store only where both have the same.
same_store() {
  for path in /etc/crio/crio.conf /etc/crio/crio.conf.d/*; do
    [ -f "$path" ] || continue
    root_of=$(sed -n -E 's/^[[:space:]]*root[[:space:]]*=[[:space:]]*"([^"]+)".*/\1/p' "$path" 2>/dev/null)
    case $root_of in '' | "$store") ;; *) fail PC741 "CRI-O has its images in $root_of, podman in $store" ;; esac
  done
}
