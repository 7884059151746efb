# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Tells what of the kubelet's settings decides whether it starts a pod with an image that is there, and when it removes
# images (kubelet: KubeletConfiguration, KubeletEnsureSecretPulledImages, 1.35):
#   policy NAME, gc PERCENT, gate true|false, allow PATTERN
# What stands nowhere is not told; flags are those that find_engine set. Of several files the last one counts, as for
# the kubelet.
tell_settings() {
  [ -n "$kubelet" ] || return 0
  gates=$(values_of feature-gates | grep -F KubeletEnsureSecretPulledImages=)
  [ -z "$gates" ] || tell_gate "$gates"
  file=$(setting_of config)
  folder=$(setting_of config-dir)
  for path in "$file" "${folder:+$folder/}"*.conf /var/lib/rancher/*/agent/etc/kubelet.conf.d/*.conf; do
    case $path in /*) [ -f "$path" ] && settings_of "$path" ;; esac
  done
  return 0
}

tell_gate() {
  word=${1##*KubeletEnsureSecretPulledImages=}
  say "gate ${word%%,*}"
}

# settings_of FILE: YAML, or JSON on lines of its own.
settings_of() {
  say_lines "" "$(sed -n -E \
    -e 's/^[[:space:]]*"?imagePullCredentialsVerificationPolicy"?[[:space:]]*:[[:space:]]*"?([A-Za-z]+).*/policy \1/p' \
    -e 's/^[[:space:]]*"?imageGCHighThresholdPercent"?[[:space:]]*:[[:space:]]*([0-9]+).*/gc \1/p' \
    -e 's/^[[:space:]]*"?KubeletEnsureSecretPulledImages"?[[:space:]]*:[[:space:]]*(true|false).*/gate \1/p' \
    -e '/^[[:space:]]*"?preloadedImagesVerificationAllowlist/,/^[[:space:]]*("?[A-Za-z]|\])/s/^[[:space:]]*-?[[:space:]]*"?([^":,[:space:]]+\/[^":,[:space:]]+).*/allow \1/p' \
    "$1" 2>/dev/null | head -n 100 | cut -c 1-300)"
}

# tell_record ID FILE: what the kubelet remembers of its own pulls of the image with this ID.
tell_record() {
  [ -n "$root" ] || return 0
  record=$(head -c 65536 "$root/image_manager/pulled/$2" 2>/dev/null | tr -d '\n\r')
  [ -z "$record" ] || say "record $1 $record"
}
