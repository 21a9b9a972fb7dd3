#!/usr/bin/env bash
# node.sh IMAGE: what a service's Dockerfile starts from: Node.js 20, the libraries it needs, and busybox. No npm.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=dev/lib.sh
. ../lib.sh
# shellcheck source=dev/images/root-tree.sh
. ./root-tree.sh
# shellcheck source=dev/images/node-release.sh
. ./node-release.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
busybox_tree "$work"
node=$(node_release 20)
cp "$node" "$work/usr/local/bin/node"
# The libraries keep their paths: the loader's own path is written into the binary.
ldd "$node" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p "$work$(dirname "$library")"
  cp -L "$library" "$work$library"
done
import_tree "$work" "$1" 'CMD ["node"]'
docker run --rm --network none "$1" node -e 'console.log(process.version)'
