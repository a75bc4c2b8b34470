#!/usr/bin/env bash
# Makes a node image for kind without pulling any: image.sh kind | build
#   kind   compiles kind alone
#   build  compiles kind, Kubernetes, etcd and CoreDNS from the Go module proxy, installs a small Debian, packs both as node.tar
# Needs root, Go, mmdebstrap and busybox-static, on Debian. PODSHELL_CLUSTER (set by xtask) is the folder that keeps what is made;
# what is there already is not made again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${PODSHELL_CLUSTER:?}
# shellcheck source-path=SCRIPTDIR source=versions
. "$here/versions"
export CGO_ENABLED=0

say() { echo "[node image] $*" >&2; }

kind() {
  [ -x "$out/bin/kind" ] || {
    say "compiling kind $kind"
    GOBIN=$out/bin go install "sigs.k8s.io/kind@$kind"
  }
}

# go_build MODULE LDFLAGS PACKAGE…: compiles into a folder, moved when all is done, what go.mod of src/MODULE names
go_build() (
  modules=$(mktemp -d)
  trap 'rm -rf "$modules"' EXIT
  cp -r "$here/src/$1/." "$modules"
  cd "$modules"
  go mod tidy
  mkdir new
  go build -trimpath -ldflags "-s -w $2" -o new/ "${@:3}"
  mv new/* "$out/bin/"
)

commands() {
  local version=k8s.io/component-base/version minor=${kubernetes#v1.}
  mkdir -p "$out/bin"
  [ -x "$out/bin/coredns" ] || {
    say "compiling CoreDNS"
    go_build coredns "" github.com/coredns/coredns
  }
  [ -x "$out/bin/etcd" ] || {
    say "compiling etcd"
    go_build kubernetes "" go.etcd.io/etcd/server/v3
    mv "$out/bin/server" "$out/bin/etcd"
  }
  [ -x "$out/bin/kubectl" ] || {
    say "compiling Kubernetes $kubernetes (5 to 8 minutes on 2 cores)"
    go_build kubernetes "-X $version.gitVersion=$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=${minor%.*}" \
      k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-proxy,kube-scheduler,kubeadm,kubectl,kubelet}
  }
}

debian() { # installs in $root what a node needs beside Kubernetes
  say "installing a small Debian"
  local codename
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mmdebstrap --mode=root --variant=essential \
    --include=containerd,containernetworking-plugins,iproute2,iptables,mount,nftables,procps,runc \
    "$codename" "$root" >"$out/debian.log" 2>&1 || {
    tail -n 20 "$out/debian.log" >&2
    exit 1
  }
  rm -rf "$root"/usr/share/{doc,locale,man} "$root"/var/lib/apt/lists/*
}

copy_with_libraries() { # program, folder: out of $root
  {
    echo "$1"
    chroot "$root" ldd "$1" | grep -o '/[^ ]*'
  } | sed 's|^/||' | xargs tar -C "$root" -ch | tar -C "$2" -x
}

pod_images() { # puts in $root the images that kubeadm asks for, under the names that it gives them
  local names name program folder entrypoint
  names=$("$out/bin/kubeadm" config images list --kubernetes-version "$kubernetes")
  mkdir -p "$root/kind/images"
  for name in $names; do
    program=${name##*/} program=${program%:*}
    folder=$work/$program
    entrypoint="[\"$program\"]"
    mkdir -p "$folder/tmp" "$folder/usr/local/bin"
    case $program in
      pause)
        cp /bin/busybox "$folder/usr/local/bin/sleep"
        entrypoint='["sleep", "2147483647"]'
        sed "s|@PAUSE@|$name|" "$here/node/containerd.toml" >"$root/etc/containerd/config.toml"
        ;;
      kube-proxy)
        copy_with_libraries /usr/sbin/nft "$folder"
        cp "$out/bin/$program" "$folder/usr/local/bin/"
        ;;
      *) cp "$out/bin/$program" "$folder/usr/local/bin/" ;;
    esac
    "$here/mkimage.sh" "$name" "$folder" "$entrypoint" "$root/kind/images/$program.tar"
    rm -rf "$folder"
  done
}

build() {
  kind
  commands
  work=$(mktemp -d)
  root=$work/root
  trap 'rm -rf "$work"' EXIT
  debian
  say "packing the image"
  mkdir -p "$root/etc/containerd" "$root/etc/kubernetes/manifests"
  pod_images
  install -m 755 -t "$root/usr/local/bin" "$out"/bin/{kubeadm,kubectl,kubelet} "$here/node/entrypoint"
  install -D -m 644 "$here/node/kubelet.conf" "$root/etc/kubernetes/kubelet.d/10-node.conf"
  install -D -m 644 "$here/node/network.conflist" "$root/etc/cni/net.d/10-pods.conflist"
  install -D -m 644 "$here/node/storage.yaml" "$root/kind/manifests/default-storage.yaml"
  echo "$kubernetes" >"$root/kind/version"
  tar -C "$root" --numeric-owner -cf "$out/node.tar.part" .
  mv "$out/node.tar.part" "$out/node.tar"
}

case ${1-} in
  kind | build) "$1" ;;
  *)
    sed -n '2,6p' "$0"
    exit 2
    ;;
esac
