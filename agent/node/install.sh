# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# Puts the payload in place of config.json: the whole old file or the whole new one at every moment.
install() {
  enter_directory
  check_target
  hash_target
  if is_there && [ "$expect" = any ]; then
    sweep
    say "mtime $mtime now ${now:-$mtime}"
    done_with unchanged "$digest"
  fi
  check_state
  allowed
  check_search_places
  receive
  take_lock
  sweep
  compare_again
  allowed
  keep_old
  keep_past
  write_record
  put_in_place
}

# Reads the payload before the lock is taken, so that a slow link keeps nobody waiting.
receive() {
  make_state
  new=.pullcast/new-$$-$nonce
  scrap=$new
  words=$(take "$size" 2>&1 >"$new") || give_up "writing $here/$new" "$words"
  count_bytes
  [ "$count" -eq "$size" ] || fail PC310 "$count of $size bytes"
  # A default ACL of the directory outdoes the umask; where files got the right mode before, there is none.
  [ "$plain$target" = yes8180 ] || words=$(chmod 600 "$new" 2>&1) || give_up "writing $here/$new" "$words"
  if [ -n "$target" ] && [ -e /sys/fs/selinux/enforce ]; then
    words=$(chcon --reference=config.json "$new" 2>&1) || give_up "labelling $here/$new" "$words"
  fi
}

# Sets count from dd's last words, which some busybox builds leave out.
count_bytes() {
  count=${words##*"$nl"}
  case $count in
    [0-9]*" byte"*) count=${count%% *} ;;
    *) count=$(wc -c <"$new") ;;
  esac
}

# Hashes the upload and the target anew in one go: another run may have been here meanwhile.
compare_again() {
  target=
  if [ -e config.json ] || [ -L config.json ]; then target=config.json; fi
  # shellcheck disable=SC2086 # empty or one name
  words=$(sha256sum "$new" $target 2>&1) || give_up "reading back $here/$new" "$words"
  [ "${words%% *}" = "$digest" ] || fail PC311 "$size bytes arrived with another digest"
  old=-
  [ -z "$target" ] || old=${words#*"$nl"}
  old=${old%% *}
}

# Sets kept and kept_digest: what a restore brings back. Ours never counts as an original. Who merges loses nothing,
# so only the very first original is kept then.
keep_old() {
  kept=${r_kept:-absent}
  kept_digest=${r_kept_digest:--}
  [ "$old" != - ] || return 0
  case $expect,$ours in
    any,no | any,mixed) ;;
    *,no) [ "$r_number" = 0 ] || return 0 ;;
    *) return 0 ;;
  esac
  if [ "$kept" != absent ] && [ ".pullcast/$kept" -ef config.json ]; then return 0; fi
  for path in .pullcast/kept-*; do
    # Left by a run that died before it could record it; another name of the file itself.
    [ "$path" -ef config.json ] && rm -f "$path"
  done
  [ "$kept" = absent ] || say "kept $here/.pullcast/$kept"
  kept=kept-$run
  [ ! -e ".pullcast/$kept" ] || kept=kept-$run-$$
  kept_digest=$old
  # A second name of the same file: bytes, mode, owner, times and labels stay as they were.
  words=$(ln config.json ".pullcast/$kept" 2>&1) || give_up "keeping $here/config.json" "$words"
  scrap="$scrap .pullcast/$kept"
}

# Keeps the file of ours that is replaced, for a rollback; one that died on the way may have done it already.
keep_past() {
  case $by,$digest in -,* | "$run",* | *,"$old") return 0 ;; esac
  [ ".pullcast/past-$by" -ef config.json ] ||
    words=$(ln -f config.json ".pullcast/past-$by" 2>&1) || give_up "keeping $here/config.json" "$words"
}

# Sets share: a merge over what others wrote since leaves entries that stand nowhere else.
judge_share() {
  [ "$share" = part ] && [ "$old" != - ] || return 0
  case $ours,$r_number in mixed,* | no,[!0]*) share=mixed ;; esac
}

write_record() {
  judge_share
  case $r_slot in a) record=.pullcast/record.b ;; *) record=.pullcast/record.a ;; esac
  story=.pullcast/story-$run
  scrap="$scrap $story"
  printf '%s\n' "$extra" 2>/dev/null >|"$story" || cannot_write "$story"
  printf '2 %s %s %s %s %s %s %s %s %s end\n' $((r_number + 1)) "$digest" "$share" "$old" "$ours" "$by" "$kept" \
    "$kept_digest" "$run" 2>/dev/null >|"$record" || cannot_write "$record"
  made=
  # From here on the record names the kept file and the story.
  scrap=$new
  sync_to_disk "$record" "$story" "$new" || give_up "syncing $here/$new" "$words"
}

# printf doesn't say why; dd does.
cannot_write() { give_up "writing $here/$1" "$(dd if=/dev/zero bs=512 count=1 2>&1 >>"$1")"; }

put_in_place() {
  swap 8<"$new" || fail PC314 "$here/config.json"
  [ "$kept" = absent ] || say "kept $here/.pullcast/$kept"
  prune
  done_with updated "$digest"
}

# Whether what stands there in the end is the very file that was hashed, open as descriptor 8.
swap() {
  words=$(mv -fT "$new" config.json 2>&1) || give_up "replacing $here/config.json" "$words"
  scrap=
  sync_to_disk . .pullcast || fail PC316 "$words"
  [ config.json -ef /proc/self/fd/8 ]
}

# Earlier files are five at most, and none from before $oldest (YYYYMMDD; none at all for 99999999): what a rollback
# may want, no more. Stories go with their files. Names tell the time, so they are sorted by it.
prune() {
  drop=
  count=0
  for path in .pullcast/past-*; do [ ! -e "$path" ] || count=$((count + 1)); done
  for path in .pullcast/past-*; do
    name=${path#.pullcast/past-}
    case $name in *[!A-Za-z0-9-]*) continue ;; esac
    if [ "$count" -gt 5 ] || [ "$oldest" = 99999999 ] || [ "${name%%T*}" -lt "$oldest" ] 2>/dev/null; then
      drop="$drop $path"
      count=$((count - 1))
    fi
  done
  for path in .pullcast/story-*; do
    name=${path#.pullcast/story-}
    case $name in "$run" | *[!A-Za-z0-9-]*) continue ;; esac
    case " $drop " in *" .pullcast/past-$name "*) ;; *) [ ! -e ".pullcast/past-$name" ] || continue ;; esac
    drop="$drop $path"
  done
  # shellcheck disable=SC2086 # a list of our own names
  [ -z "$drop" ] || rm -f $drop
}
