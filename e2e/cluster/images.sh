#!/usr/bin/env bash
# images.sh FOLDER: makes there the images that tests open shells in, as docker archives: bash.tar, busybox.tar, noshell.tar.
# Needs Debian's busybox-static and bash-static.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ends at once when the pod is deleted; as process 1 it also takes in what shells leave behind
# shellcheck disable=SC2016
main='trap "exit 0" TERM; while :; do sleep 86400 & wait $!; done'

system() { # folder: a root file system with busybox's commands, sh and vi among them
  local applet
  mkdir -p "$1"/{bin,dev,etc,home,lib/terminfo/x,proc,root,sys,tmp}
  chmod 1777 "$1/tmp"
  cp /bin/busybox "$1/bin/"
  for applet in $(/bin/busybox --list); do
    [ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"
  done
  cp /lib/terminfo/x/xterm* "$1/lib/terminfo/x/"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
  echo 'root:x:0:' >"$1/etc/group"
}

mkdir -p "$out"
system "$work/busybox"
"$here/mkimage.sh" podshell.test/busybox:1 "$work/busybox" "[\"sh\", \"-c\", \"${main//\"/\\\"}\"]" "$out/busybox.tar"

system "$work/bash"
cp /bin/bash-static "$work/bash/bin/bash"
# as every Debian has it; no image sets LANG, as hardly any does
mkdir -p "$work/bash/usr/lib/locale"
cp -r /usr/lib/locale/C.utf8 "$work/bash/usr/lib/locale/"
"$here/mkimage.sh" podshell.test/bash:1 "$work/bash" "[\"bash\", \"-c\", \"${main//\"/\\\"}\"]" "$out/bash.tar"

# busybox is what the name says that it is called by: this one can only sleep
mkdir -p "$work/noshell"
cp /bin/busybox "$work/noshell/sleep"
"$here/mkimage.sh" podshell.test/noshell:1 "$work/noshell" '["/sleep", "2147483647"]' "$out/noshell.tar"
