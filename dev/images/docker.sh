#!/usr/bin/env bash
# docker.sh IMAGE BASE: the stand-in image BASE with a Docker Engine of its own, laid out as CodeBuild's curated images are: the
# entry point starts the daemon, waits for it, and evaluates its arguments.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=dev/lib.sh
. ../lib.sh
# shellcheck source=dev/images/mirrors.sh
. ./mirrors.sh

work=$(mktemp -d "$CACHE/docker.XXXXXX")
trap 'as_root rm -rf "$work"' EXIT
mirrors "$work"
# Unpacked and not installed: what the packages' own scripts would do is a handful of links, made below.
as_root mmdebstrap --quiet --variant=extract --include=containerd,docker.io,iptables,mount,runc "${MIRROR_OPTIONS[@]}" \
  bookworm "$work/packages.tar" "${MIRRORS[@]}"

# What the daemon needs and the base lacks. `/lib` and `/sbin` are links in the base and must stay links.
wanted=(./bin/mount ./usr/bin/{containerd,containerd-shim-runc-v2,docker-init} ./usr/sbin/{docker-proxy,dockerd,runc,xtables-legacy-multi}
  './usr/lib/*/xtables/*')
for library in devmapper ip4tc ip6tc mnl netfilter_conntrack nfnetlink nftnl seccomp systemd xtables; do
  wanted+=("./*lib/*-linux-gnu/lib$library.so*" "./lib/*-linux-gnu/lib$library.so*")
done
mkdir -p "$work/root/usr/local/bin"
tar -C "$work/root" --no-same-owner --wildcards --transform 's#^\./\(bin\|lib\|sbin\)/#./usr/\1/#' \
  --ignore-command-error -xf "$work/packages.tar" "${wanted[@]}" 2>/dev/null || true
for name in iptables iptables-restore iptables-save ip6tables ip6tables-restore ip6tables-save; do
  ln -s xtables-legacy-multi "$work/root/usr/sbin/$name"
done
ln -s /usr/sbin/dockerd "$work/root/usr/local/bin/dockerd"
install docker/dockerd-entrypoint.sh "$work/root/usr/local/bin/"
# A program without shared libraries, so that tests can build images from nothing.
cp "$(command -v busybox)" "$work/root/usr/local/bin/busybox"

printf '%s\n' "FROM $2" 'COPY root /' 'VOLUME /var/lib/docker' 'ENTRYPOINT ["dockerd-entrypoint.sh"]' >"$work/Dockerfile"
rm "$work/packages.tar"
docker build --quiet --tag "$1" "$work"

docker run --rm --network none --entrypoint bash "$1" -ec '
  for program in containerd containerd-shim-runc-v2 docker-proxy dockerd iptables mount runc; do
    ! ldd "$(command -v $program)" | grep "not found"
  done
  dockerd --version && runc --version && iptables --version'
