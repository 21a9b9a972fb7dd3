#!/usr/bin/env bash
# The local images that the demo and the tests run in. Nothing is pulled: each is made from Debian and npm packages.
# A tag is the hash of the recipe, so that a changed recipe makes a new image and an unchanged one costs nothing.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$DEV/images"

# The host's certificate authorities are part of the image that builds run in: a changed bundle is a changed recipe.
AUTHORITIES=/etc/ssl/certs/ca-certificates.crt

version_of() { cat "$@" | sha256sum | cut -c1-12; }

# ensure VARIABLE REPOSITORY VERSION RECIPE ARGUMENT...: makes REPOSITORY:VERSION when it is absent, and records it.
ensure() {
  local image=$2:$3
  if docker image inspect "$image" >/dev/null 2>&1; then
    present "image $image"
  else
    step "image $image" "$4" "$image" "${@:5}"
  fi
  record "$1" "$image"
}

ensure UNDERSTUDY_DEV_BUSYBOX understudy/busybox "$(version_of busybox.sh root-tree.sh)" ./busybox.sh
ensure UNDERSTUDY_DEV_NODE_IMAGE understudy/node "20-$(version_of node.sh root-tree.sh node-release.sh)" ./node.sh
# Dockerfiles of the demo name this image, so it has a plain name as well.
docker tag "$(recorded UNDERSTUDY_DEV_NODE_IMAGE)" understudy/node:20
record UNDERSTUDY_DEV_NODE_IMAGE understudy/node:20
ensure UNDERSTUDY_DEV_IMAGE understudy/stand-in "$(version_of stand-in.sh node-release.sh mirrors.sh stand-in/* "$AUTHORITIES")" ./stand-in.sh
base=$(recorded UNDERSTUDY_DEV_IMAGE)
ensure UNDERSTUDY_DEV_DOCKER_IMAGE understudy/stand-in-docker "$(version_of docker.sh docker/* <(echo "$base"))" ./docker.sh "$base"
