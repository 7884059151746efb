# shellcheck shell=sh
# shellcheck disable=SC2154 # fragments share variables

# say_lines PREFIX TEXT: tells each line of a text.
say_lines() {
  set -f
  IFS=$nl
  for line in $2; do say "$1$line"; done
  unset IFS
  set +f
}
