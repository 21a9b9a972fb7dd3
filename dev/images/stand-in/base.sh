#!/usr/bin/env bash
# base.sh TAR: the Debian part of the stand-in, as a tar of a root directory.
# Bookworm, because its Python (3.11) is one that aws/codebuild/standard:7.0 has too, and its sh is dash.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/../../lib.sh"

PACKAGES=(
  apt bash bzip2 ca-certificates curl file gettext-base git iproute2 jq less libatomic1 libstdc++6 make netbase openssh-client
  openssl procps python3 python3-pip python3-venv unzip wget xz-utils zip zstd
)

# Packages come from where this machine's own apt gets Debian; elsewhere mmdebstrap knows a mirror by itself.
host_mirrors() {
  local release
  # shellcheck source=/dev/null
  release=$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME") || return 0
  # shellcheck disable=SC2016 # apt-get expands these.
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' |
    awk -v host="$release" '$3 == "main" && ($2 == host || $2 == host "-updates" || $2 == host "-security") {
      sub(host, "bookworm", $2); print "deb", $1, $2, $3 }' | sort -u
}

exclude=()
for path in doc i18n info lintian locale man; do exclude+=(--dpkgopt="path-exclude=/usr/share/$path/*"); done

tar=$1
work=$(mktemp -d "$CACHE/base.XXXXXX")
trap 'rm -rf "$work"' EXIT
host_mirrors >"$work/sources.list"
apt-config dump | grep -E '^Acquire::https?::Proxy' >"$work/apt.conf" || true

# shellcheck disable=SC2016 # mmdebstrap's shell expands the $1 of the hook.
options=(
  --quiet --variant=essential --include="$(IFS=, && echo "${PACKAGES[*]}")"
  "${exclude[@]}" --dpkgopt=force-unsafe-io
  # The host's authorities take this place, and `pip install` is as free as in CodeBuild's images.
  --customize-hook='rm "$1/etc/ssl/certs/ca-certificates.crt" "$1"/usr/lib/python3*/EXTERNALLY-MANAGED'
  --aptopt='Apt::Install-Recommends "false"' --aptopt="$work/apt.conf"
)
mirrors=()
[ ! -s "$work/sources.list" ] || mirrors=("$work/sources.list")
# As root, because many machines forbid the user namespaces that mmdebstrap would otherwise need.
as_root mmdebstrap "${options[@]}" bookworm "$work/base.tar" "${mirrors[@]}"
mv "$work/base.tar" "$tar"
