# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# shellcheck disable=SC3013,SC3067 # -ef and -O are in dash, bash and busybox
# Live mode's state on a node, in /var/lib/pullcast, which is root's alone. The timer's script is made of this too.
# record is one line: 1 STATE RUN UNIT CONFIG PROGRAM DROPIN SOURCE SOURCE_DIGEST PORTS end
#   STATE    trial until the run that began it confirms that the node is Ready, then on
#   CONFIG   the kubelet's list of credential providers, ours: a file of its own, or a copy of SOURCE with ours in it
#   PROGRAM  the provider, in the one directory that the kubelet looks into
#   DROPIN   yes where a drop-in of UNIT names both to the kubelet, no where it reads CONFIG's directory anyway
#   SOURCE   the list of others that was copied, - for none, and its digest then
#   PORTS    of registries that are served besides those without one, by commas; - for none
# before holds what a trial takes the place of: record, config and dropin of the trial before.
read_live() {
  l_state=
  [ -f record ] && [ ! -L record ] && [ -O record ] || return 1
  read -r version l_state l_run l_unit l_config l_program l_dropin l_source l_digest l_ports end <record
  [ "$version$end" = 1end ] || return 1
  drop=$l_unit.d/zz-pullcast.conf
}

# Puts back what stood before a trial, and lets the kubelet start with it.
live_back() {
  read_live || return 1
  back=$l_unit
  drop_file "/run/systemd/system/$drop"
  if [ -f before/record ]; then
    tried=$l_config
    mv -fT before/record record
    read_live
    [ "$tried" = "$l_config" ] || rm -f "$tried"
    [ ! -f before/config ] || mv -fT before/config "$l_config"
    [ ! -f before/dropin ] || mv -fT before/dropin "/etc/systemd/system/$drop"
    rmdir before
  else
    live_away
    printf '%s\n' "$l_run" >|undone
  fi
  systemctl daemon-reload
  # A kubelet that ended again and again may be kept from a further start.
  systemctl reset-failed "$back" 2>/dev/null
  systemctl restart "$back"
}

# Removes all that belongs to the record but what says that it was there.
live_away() {
  drop_file "/run/systemd/system/$drop"
  drop_file "/etc/systemd/system/$drop"
  rm -f "$l_config" "$l_program" undo record before/record before/config before/dropin undone
  for path in bin before; do [ ! -d "$path" ] || rmdir "$path" 2>/dev/null; done
}

# Removes a drop-in, and its directory if that is empty then.
drop_file() {
  rm -f "$1"
  [ ! -d "${1%/*}" ] || rmdir "${1%/*}" 2>/dev/null
}
