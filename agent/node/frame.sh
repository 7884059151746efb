# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Every program begins with this: a known environment, the answer lines, the header, orderly ends.
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin:/run/current-system/sw/bin
export PATH
unset IFS CDPATH ENV BASH_ENV
unalias -a
set +e +u +x
# With noclobber a redirection creates with O_EXCL: a file planted under our name is an error.
set -C
umask 077
nl='
'
scrap=
made=
locked=
told=

say() { printf 'PULLCAST1 %s %s\n' "$nonce" "$1"; }

# Removes what an unfinished run would leave behind.
tidy() {
  # shellcheck disable=SC2086 # a list of our own names
  [ -z "$scrap" ] || rm -f $scrap 2>/dev/null
  scrap=
  [ -z "$locked" ] || rm -f "$locked" 2>/dev/null
  locked=
  [ -z "$made" ] || rmdir .pullcast 2>/dev/null
  made=
}

# fail CODE DETAIL
fail() {
  tidy
  say "fail $1 ${2%%"$nl"*}"
  exit 1
}

# done_with WHAT DIGEST
done_with() {
  tidy
  say "OK $1 $2 $here/config.json" || exit 1
  exit 0
}

# give_up WHERE WORDS: fails with the code that a tool's own words stand for (LC_ALL=C, so they are English).
give_up() {
  why="$1: ${2%%"$nl"*}"
  case $2 in
    *"Read-only file system"*) fail PC306 "$why" ;;
    *"No space left"* | *"uota exceeded"*) fail PC307 "$why" ;;
    *"peration not permitted"*) fail PC305 "$why" ;;
    *"resource busy"*) fail PC304 "$why" ;;
    *"s a directory"* | *"overwrite directory"*) fail PC303 "$why" ;;
  esac
  fail PC313 "$why"
}

trap 'tidy; exit 129' HUP INT TERM PIPE

read -r nonce op dir size digest replace run machine uuid expect share oldest extra || exit 65
printf '\n'
say begin
# Only root owns /: no process is needed to ask who we are.
[ -O / ] || fail PC323 "what runs there may not do what root may"
find_tools
same_machine
