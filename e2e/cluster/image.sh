#!/usr/bin/env bash
# Makes a node image for kind without pulling any: image.sh kind | build
#   kind   compiles kind alone
#   build  compiles kind, Kubernetes, etcd, CoreDNS and, for Kubernetes 1.36 and later, containerd from the Go module proxy,
#          installs a small Debian, packs both as node.tar
# Needs root, Go, mmdebstrap and busybox-static, on Debian. xtask sets PODSHELL_KUBERNETES, the version to make, and
# PODSHELL_CLUSTER, the folder that keeps what is made; what is there already is not made again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${PODSHELL_CLUSTER:?}
# shellcheck source-path=SCRIPTDIR source=versions
. "$here/versions"
kubernetes=${PODSHELL_KUBERNETES:?}
minor=${kubernetes#v1.} minor=${minor%%.*}
# 1: Debian's
containerd_major=$((minor < 36 ? 1 : 2))
export CGO_ENABLED=0

say() { echo "[node image] $*" >&2; }

kind() {
  [ -x "$out/bin/kind" ] || {
    say "compiling kind $kind"
    GOBIN=$out/bin go install "sigs.k8s.io/kind@$kind"
  }
}

# go_build MODULE VERSION LDFLAGS PACKAGE…: compiles, with the modules that MODULE names, into a folder, moved when all is done
go_build() (
  modules=$(mktemp -d)
  trap 'rm -rf "$modules"' EXIT
  cd "$modules"
  asked=$(go mod download -json "$1@$2" | sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p')
  {
    echo "module podshell.test/node"
    grep '^go ' "$asked"
    echo "require $1 $2"
    # those that are released with Kubernetes lie in folders of it; elsewhere their v0.x is its v1.x
    sed -n "s|^\t\(k8s.io/.*\) => ./staging/.*|replace \1 => \1 v0.${2#v1.}|p" "$asked"
  } >go.mod
  mkdir new
  go build -mod=mod -trimpath -ldflags "-s -w $3" -o new/ "${@:4}"
  mv new/* "$out/bin/"
)

images() { "$out/bin/kubeadm" config images list --kubernetes-version "$kubernetes"; }

commands() {
  local version=k8s.io/component-base/version coredns
  mkdir -p "$out/bin"
  [ -x "$out/bin/etcd" ] || {
    say "compiling etcd"
    go_build k8s.io/kubernetes "$kubernetes" "" go.etcd.io/etcd/server/v3
    mv "$out/bin/server" "$out/bin/etcd"
  }
  [ -x "$out/bin/kubectl" ] || {
    say "compiling Kubernetes $kubernetes (5 to 8 minutes on 2 cores)"
    go_build k8s.io/kubernetes "$kubernetes" \
      "-X $version.gitVersion=$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=$minor" \
      k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-proxy,kube-scheduler,kubeadm,kubectl,kubelet}
  }
  [ -x "$out/bin/coredns" ] || {
    coredns=$(images | sed -n 's|.*/coredns:||p')
    say "compiling CoreDNS $coredns"
    go_build github.com/coredns/coredns "$coredns" "" github.com/coredns/coredns
  }
  [ "$containerd_major" = 1 ] || [ -x "$out/bin/ctr" ] || {
    say "compiling containerd $containerd"
    go_build github.com/containerd/containerd/v2 "$containerd" \
      "-X github.com/containerd/containerd/v2/version.Version=$containerd" \
      github.com/containerd/containerd/v2/cmd/{containerd,containerd-shim-runc-v2,ctr}
  }
}

debian() { # installs in $root what a node needs beside Kubernetes
  say "installing a small Debian"
  local codename packages=containernetworking-plugins,iproute2,iptables,mount,nftables,procps,runc
  [ "$containerd_major" = 2 ] || packages+=,containerd
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mmdebstrap --mode=root --variant=essential --include="$packages" "$codename" "$root" >"$out/debian.log" 2>&1 || {
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
  names=$(images)
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
        sed "s|@PAUSE@|$name|" "$here/node/containerd-$containerd_major.toml" >"$root/etc/containerd/config.toml"
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
  [ "$containerd_major" = 1 ] || install -m 755 -t "$root/usr/local/bin" "$out"/bin/{containerd,containerd-shim-runc-v2,ctr}
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
    sed -n '2,7p' "$0"
    exit 2
    ;;
esac
