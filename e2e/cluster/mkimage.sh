#!/usr/bin/env bash
# mkimage.sh NAME ROOTFS ENTRYPOINT_JSON OUT.tar [VARIABLE=VALUE]: packs a folder as a one-layer image in docker-archive form.
set -euo pipefail
name=$1 rootfs=$2 entrypoint=$3 out=$4 variable=${5-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -C "$rootfs" --owner=0 --group=0 --numeric-owner -cf "$work/layer.tar" .
digest=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=amd64 ;; esac
cat >"$work/config.json" <<JSON
{"architecture":"$architecture","os":"linux",
 "config":{"Entrypoint":$entrypoint,"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"${variable:+,\"$variable\"}]},
 "rootfs":{"type":"layers","diff_ids":["sha256:$digest"]}}
JSON
echo "[{\"Config\":\"config.json\",\"RepoTags\":[\"$name\"],\"Layers\":[\"layer.tar\"]}]" >"$work/manifest.json"
tar -C "$work" -cf "$out" config.json manifest.json layer.tar
