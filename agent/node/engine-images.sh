# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# What docker or podman has of images.

# tell_image NAME: sets found to the ID that it means, sha256:…, empty if there is none.
tell_image() {
  # shellcheck disable=SC2086 # lists of words
  found=$($limit $tool image inspect --format '{{.Id}}' "$1" 2>/dev/null </dev/null)
  case $found in '' | sha256:*) ;; *) found=sha256:$found ;; esac
}

# "layers DIFF_ID …" for each image: what of it is unpacked.
tell_layers() {
  # shellcheck disable=SC2086 # lists of words
  found=$($limit $tool image ls --quiet --no-trunc 2>/dev/null </dev/null | sort -u | head -n 500)
  [ -n "$found" ] || return 0
  # shellcheck disable=SC2086 # lists of words
  say_lines "layers " "$($limit $tool image inspect --format '{{range .RootFS.Layers}}{{.}} {{end}}' $found 2>/dev/null </dev/null)"
}
