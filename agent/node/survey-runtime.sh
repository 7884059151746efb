# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# What the container runtime knows of registries by itself: headers, hosts and paths, never values. Files that hold
# passwords beside them go whole, as the kubelet's do, and are taken apart on our side.
survey_runtime() {
  for path in /etc/containerd/config.toml /etc/containerd/conf.d/*.toml /var/lib/rancher/*/agent/etc/containerd/config.toml; do
    lines containerd "$path" '^[[:space:]]*\[.*\.registry\.(configs|mirrors)\.|^[[:space:]]*config_path[[:space:]]*='
  done
  for path in /etc/containerd/certs.d/*/hosts.toml /etc/docker/certs.d/*/hosts.toml \
    /var/lib/rancher/*/agent/etc/containerd/certs.d/*/hosts.toml; do
    lines hosts "$path" '^[[:space:]]*(server[[:space:]]*=|\[host\.)'
  done
  for path in /etc/crio/crio.conf /etc/crio/crio.conf.d/*; do
    lines crio "$path" '^[[:space:]]*global_auth_file[[:space:]]*='
  done
  for path in /etc/containers/registries.conf /etc/containers/registries.conf.d/*.conf; do
    lines containers "$path" '^[[:space:]]*(\[\[registry|prefix[[:space:]]*=|location[[:space:]]*=)'
  done
  for path in /etc/rancher/k3s/registries.yaml /etc/rancher/rke2/registries.yaml; do
    if [ -f "$path" ]; then give rancher "$path"; fi
  done
}

# lines KIND PATH PATTERN: the file, and its lines that match, 100 at most.
lines() {
  [ -f "$2" ] || return 0
  say "runtime $1 $2"
  say_lines "line " "$(grep -E "$3" "$2" 2>/dev/null | head -n 100 | cut -c 1-300)"
}
