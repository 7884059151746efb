#!/bin/sh
# Makes a container enough of a machine for systemd, containerd and the kubelet, then becomes systemd.
set -eu

# Docker mounts cgroups read-only; the mounts belong to this container alone.
for mount in /sys/fs/cgroup /sys/fs/cgroup/*; do
  mountpoint -q "$mount" || continue
  mount -o remount,bind,rw "$mount" 2>/dev/null || mount -o remount,rw "$mount" || :
done
mount --make-rshared /
[ -e /dev/kmsg ] || ln -s /dev/null /dev/kmsg

# The kubelet wants to see these values; the machine's own stay as they are.
mkdir -p /etc/sysctl-seen
for setting in kernel/panic=10 kernel/panic_on_oops=1 vm/overcommit_memory=1; do
  seen=/etc/sysctl-seen/$(basename "${setting%%=*}")
  echo "${setting#*=}" >"$seen"
  mount --bind "$seen" "/proc/sys/${setting%%=*}"
done

exec /sbin/init
