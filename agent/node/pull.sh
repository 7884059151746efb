# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Has containerd pull an image from a registry that this connection leads to; the payload is the registry's one-time
# token. $extra: PORT and then as for load. containerd takes what it lacks, and is told to nowhere else.
pull() {
  find_containerd
  port=${extra%% *}
  read_terms "${extra#* }"
  token=$(take "$size" 2>/dev/null)
  folder=/run/pullcast.$$.$nonce
  trap 'forget; tidy; exit 129' HUP INT TERM PIPE
  words=$(mkdir "$folder" "$folder/_default" 2>&1) || refuse "pulling $name" "$words"
  words=$({
    printf 'server = "http://127.0.0.1:%s"\n[host."http://127.0.0.1:%s"]\n  capabilities = ["pull", "resolve"]\n' "$port" "$port"
    printf '  [host."http://127.0.0.1:%s".header]\n    Authorization = ["Bearer %s"]\n' "$port" "$token"
  } 2>&1 >"$folder/_default/hosts.toml") || refuse "pulling $name" "$words"
  # Newer ones fetch what other platforms have of an image, unless told not to.
  only=
  case $version in 1.* | v1.*) ;; *) only=--skip-metadata ;; esac
  keep_layers &
  keeper=$!
  # shellcheck disable=SC2086 # lists of words
  words=$($ctr images pull --hosts-dir "$folder" --snapshotter "$snapshotter" --platform "$platform" $only "$by_digest" 2>&1 </dev/null)
  ended=$?
  forget
  [ "$ended" = 0 ] || refuse "pulling $name" "$words"
  name_image "$by_digest" "$name"
}

# Without its directory nobody knows the token; what keeps layers ends.
forget() {
  [ -z "$keeper" ] || kill "$keeper" 2>/dev/null
  keeper=
  rm -f "$folder/_default/hosts.toml"
  rmdir "$folder/_default" "$folder" 2>/dev/null
}

# A link that is cut ends the pull, and with it what holds the layers that came: a mark keeps them for the next run.
keep_layers() {
  trap - HUP INT TERM PIPE
  while sleep 2; do mark_layers pullcast; done >/dev/null 2>&1 </dev/null
}
