#!/usr/bin/env bash
# Installs the Debian packages whose commands are missing, in one go, and nothing when none is.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

# An engine that answers may be anything; only where none does are Docker's own packages wanted.
engine_is_wanted() { ! docker version >/dev/null 2>&1; }

has_initdb() { have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

# The images need a busybox that runs without shared libraries.
has_static_busybox() { have busybox && ! ldd "$(command -v busybox)" >/dev/null 2>&1; }

has_python_with_venv() { [ -x "$STATE/venv/bin/python" ] || python3 -c 'import ensurepip, pip, venv' 2>/dev/null; }

missing=()
want() { missing+=("$@"); }

if engine_is_wanted; then
  have dockerd || want docker.io
  have iptables || want iptables
fi
have docker || want docker.io
have docker-registry || want docker-registry
have htpasswd || want apache2-utils
have mmdebstrap || want mmdebstrap
[ -f /usr/share/keyrings/debian-archive-keyring.gpg ] || want debian-archive-keyring
has_static_busybox || want busybox-static
has_initdb || want postgresql
has_python_with_venv || want python3 python3-pip python3-venv
for program in column curl ip jq node npm openssl ss strip; do
  case $program in
    column) package=bsdextrautils ;;
    strip) package=binutils ;;
    ip | ss) package=iproute2 ;;
    node) package=nodejs ;;
    *) package=$program ;;
  esac
  have "$program" || want "$package"
done

if [ ${#missing[@]} -eq 0 ]; then
  present "Debian packages"
  exit 0
fi
have apt-get || fail "these programs are missing, and there is no apt-get to install them with: ${missing[*]} (Debian's package names)"

install() {
  # A package's own service must not start: dev/up runs its servers by itself, and dev/down ends them.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    # shellcheck disable=SC2064 # The path is meant as it is now.
    trap "as_root rm -f $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
  fi
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}
step "Debian packages: ${missing[*]}" install "${missing[@]}"
