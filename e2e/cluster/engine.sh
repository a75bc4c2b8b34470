#!/usr/bin/env bash
# A Docker engine for a Linux machine with root where none runs: engine.sh up | down
# `up` prints the address of its socket; `down` also removes every container of this engine.
# It changes no firewall rule and routes nothing: containers reach this machine and one another, nothing else.
# Published ports work through Docker's own forwarder. PODSHELL_CACHE (set by xtask) holds its data.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=${PODSHELL_CACHE:?}/engine
run=/run/podshell-engine # short, for the length that a socket's path may have
export DOCKER_HOST=unix://$run/docker.sock

alive() { # after a power cut the number may be another process's
  [ -f "$run/pid" ] && [ "$(cat "/proc/$(cat "$run/pid")/comm" 2>/dev/null)" = dockerd ]
}

clear_up() {
  awk -v a="$run/" -v b="$data/" 'index($2 "/", a) == 1 || index($2 "/", b) == 1 {print $2}' /proc/mounts | sort -r | xargs -r umount -l
  rm -rf "$run"
}

up() {
  if ! docker info >/dev/null 2>&1; then
    alive || clear_up
    mkdir -p "$data" "$run"
    local options=(--data-root "$data" --exec-root "$run/exec" --pidfile "$run/pid" --host "$DOCKER_HOST"
      --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false)
    local bounding
    bounding=$((16#$(awk '/^CapBnd/ {print $2}' /proc/self/status)))
    if ! ((bounding >> 24 & 1)); then # CAP_SYS_RESOURCE
      # a copy: the engine starts it for as long as it lives, and the checkout may be gone by then
      install --mode=0755 "$here/runtime" "$data/trimmed-runc"
      options+=(--add-runtime "trimmed=$data/trimmed-runc" --default-runtime trimmed)
    fi
    # a session of its own: a Ctrl-C in the terminal that started it is not for the engine
    setsid dockerd "${options[@]}" </dev/null >"$run/log" 2>&1 &
    for _ in {1..120}; do
      docker info >/dev/null 2>&1 && break
      sleep .25
    done
    docker info >/dev/null 2>&1 || {
      echo "the Docker engine did not start; the end of $run/log:" >&2
      tail -n 20 "$run/log" >&2
      exit 1
    }
  fi
  echo "$DOCKER_HOST"
}

down() {
  [ -d "$run" ] || return 0
  if alive; then
    local pid
    pid=$(cat "$run/pid")
    docker ps --all --quiet | xargs -r docker rm --force --volumes >/dev/null
    docker network prune --force >/dev/null
    kill "$pid" 2>/dev/null || true
    for _ in {1..80}; do
      alive || break
      sleep .25
    done
  fi
  clear_up
}

case ${1-} in
  up | down) "$1" ;;
  *)
    sed -n '2,5p' "$0"
    exit 2
    ;;
esac
