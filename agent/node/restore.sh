# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# Brings back what stood there before pullcast's first write, then forgets.
restore() {
  enter_directory
  check_target
  check_state
  [ -n "$state" ] || fail PC317 "$here/.pullcast does not exist"
  take_lock
  read_record || fail PC317 "$here/.pullcast holds no record"
  sweep
  hash_target
  judge_target
  if [ "$r_kept" = absent ]; then remove_ours; else put_back; fi
}

# Refuses to lose what others wrote since; with --replace it is kept.
spare_others() {
  [ "$old" != - ] || return 0
  case $ours in yes | part) return 0 ;; esac
  [ "$replace" = yes ] || fail PC318 "$here/config.json"
  words=$(ln config.json ".pullcast/kept-$run" 2>&1) || give_up "keeping $here/config.json" "$words"
  say "kept $here/.pullcast/kept-$run"
}

remove_ours() {
  spare_others
  words=$(rm -f config.json 2>&1) || give_up "removing $here/config.json" "$words"
  forget
  done_with removed -
}

put_back() {
  # A run that died on the way may have put it back already, or never have replaced it.
  if [ "$old" != "$r_kept_digest" ] || [ -e ".pullcast/$r_kept" ]; then
    [ ".pullcast/$r_kept" -ef config.json ] || spare_others
    kept_now=$(sha256sum ".pullcast/$r_kept" 2>&1) || fail PC326 "$here/.pullcast/$r_kept: ${kept_now%%"$nl"*}"
    [ "${kept_now%% *}" = "$r_kept_digest" ] || fail PC318 "$here/.pullcast/$r_kept was changed as well"
    if [ ".pullcast/$r_kept" -ef config.json ]; then
      rm -f ".pullcast/$r_kept"
    else
      words=$(mv -fT ".pullcast/$r_kept" config.json 2>&1) || give_up "replacing $here/config.json" "$words"
    fi
  fi
  sync_to_disk . .pullcast || fail PC316 "$words"
  words=$(sha256sum config.json 2>&1) || give_up "reading back $here/config.json" "$words"
  [ "${words%% *}" = "$r_kept_digest" ] || fail PC314 "$here/config.json"
  forget
  done_with restored "$r_kept_digest"
}

# The record goes last: a run that dies before can be repeated.
forget() {
  sync_to_disk . || fail PC316 "$words"
  rm -f .pullcast/past-* .pullcast/story-*
  # The newer one last, as long as it stands the older doesn't count.
  case $r_slot in a) older=b ;; *) older=a ;; esac
  # shellcheck disable=SC2086 # empty or one name
  rm -f ".pullcast/record.$older" ".pullcast/record.$r_slot" $locked
  locked=
  rmdir .pullcast 2>/dev/null || :
}
