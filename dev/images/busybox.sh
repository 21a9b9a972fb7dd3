#!/usr/bin/env bash
# busybox.sh IMAGE: a 2 MB image whose sh is busybox's ash. It has no bash, so it tells whether a build really needs one.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=dev/images/root-tree.sh
. ./root-tree.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
busybox_tree "$work"
import_tree "$work" "$1" 'CMD ["sh"]'
