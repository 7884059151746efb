# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # fragments share variables
# Refuses a host that is not the node: cAdvisor, which tells the API server both ids, reads these places
# (machine/info.go and utils/sysfs/sysfs.go, 0.52). Clones of one image share a machine-id: two uuids are two machines all the same.
same_machine() {
  id=
  system=
  if [ "$machine" != - ]; then
    for place in /etc/machine-id /var/lib/dbus/machine-id; do
      [ -n "$id" ] || [ ! -f "$place" ] || read -r id <"$place"
    done
    [ -z "$id" ] || [ "$id" = "$machine" ] || fail PC231 "its machine-id is $id, the cluster knows $machine"
  fi
  if [ "$uuid" != - ] && [ -f /sys/class/dmi/id/product_uuid ]; then
    read -r system </sys/class/dmi/id/product_uuid
    [ "$system" = "$uuid" ] || [ -z "$system" ] || [ "$(lower "$system")" = "$(lower "$uuid")" ] ||
      fail PC231 "its product uuid is $system, the cluster knows $uuid"
  fi
  [ "$machine" = - ] || [ -n "$id$system" ] || fail PC231 "its machine-id is missing, the cluster knows $machine"
}

# Kernels write a uuid in small letters or in capitals.
lower() { printf '%s\n' "$1" | tr A-F a-f; }
