# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Makes an image of layers that are in containerd's content store: the payload is an OCI layout without layers. $extra is
# what read_terms takes.
load() {
  find_containerd
  read_terms "$extra"
  # shellcheck disable=SC2086 # lists of words
  words=$(take "$size" 2>/dev/null | $ctr images import --snapshotter "$snapshotter" --platform "$platform" - 2>&1) ||
    refuse "unpacking $name" "$words"
  name_image "$name" "$by_digest"
}
