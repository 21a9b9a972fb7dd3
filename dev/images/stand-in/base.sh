#!/usr/bin/env bash
# base.sh TAR: the Debian part of the stand-in, as a tar of a root directory.
# Bookworm, because its Python (3.11) is one that aws/codebuild/standard:7.0 has too, and its sh is dash.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/../../lib.sh"
# shellcheck source=dev/images/mirrors.sh
. "$(dirname "$0")/../mirrors.sh"

PACKAGES=(
  apt bash bzip2 ca-certificates curl file gettext-base git iproute2 jq less libatomic1 libstdc++6 make netbase openssh-client
  openssl procps python3 python3-pip python3-venv unzip wget xz-utils zip zstd
)

exclude=()
for path in doc i18n info lintian locale man; do exclude+=(--dpkgopt="path-exclude=/usr/share/$path/*"); done

tar=$1
work=$(mktemp -d "$CACHE/base.XXXXXX")
trap 'rm -rf "$work"' EXIT
mirrors "$work"

# shellcheck disable=SC2016 # mmdebstrap's shell expands the $1 of the hook.
options=(
  --quiet --variant=essential --include="$(IFS=, && echo "${PACKAGES[*]}")"
  "${exclude[@]}" --dpkgopt=force-unsafe-io
  # The host's authorities take this place, and `pip install` is as free as in CodeBuild's images.
  --customize-hook='rm "$1/etc/ssl/certs/ca-certificates.crt" "$1"/usr/lib/python3*/EXTERNALLY-MANAGED'
  "${MIRROR_OPTIONS[@]}"
)
# As root, because many machines forbid the user namespaces that mmdebstrap would otherwise need.
as_root mmdebstrap "${options[@]}" bookworm "$work/base.tar" "${MIRRORS[@]}"
mv "$work/base.tar" "$tar"
