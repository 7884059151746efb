# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Loads an archive of docker's, which follows on standard input, by the engine's own command. $extra: NAME ID, what the
# name must mean in the end.
load_archive() {
  find_runtime
  name=${extra% *} id=${extra#* }
  # shellcheck disable=SC2086 # lists of words
  words=$($tool load 2>&1)
  ended=$?
  case $ended,$words in
    0,*"rror unpacking"*) refuse "loading $name" "$words" ;;
    0,*) ;;
    *) refuse "loading $name" "$words" ;;
  esac
  tell_image "$name"
  [ "$found" = "$id" ] || fail PC744 "$name does not mean $id"
  done_with updated "$digest"
}
