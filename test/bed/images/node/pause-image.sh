#!/bin/sh
# Writes the image that holds a pod's namespaces, as `docker save` would, to the file named.
set -eu
work=$(mktemp -d)
mkdir "$work/root"
cp "$(command -v busybox)" "$work/root/busybox"
tar --sort=name --owner=0 --group=0 --mtime=@0 -C "$work/root" -cf "$work/layer.tar" busybox
layer=$(sha256sum "$work/layer.tar")
architecture=$(dpkg --print-architecture)
cat >"$work/config.json" <<E
{"architecture":"$architecture","os":"linux","config":{"Entrypoint":["/busybox","sleep","2147483647"]},"rootfs":{"type":"layers","diff_ids":["sha256:${layer%% *}"]}}
E
echo '[{"Config":"config.json","RepoTags":["pullcast.dev/pause:1"],"Layers":["layer.tar"]}]' >"$work/manifest.json"
tar -C "$work" -cf "$1" manifest.json config.json layer.tar
rm -rf "$work"
