# shellcheck shell=bash
# Where mmdebstrap finds packages: where this machine's own apt gets Debian, and elsewhere a mirror that mmdebstrap knows by
# itself. Sourced by the recipes.

# mirrors DIRECTORY: sets MIRRORS, arguments of mmdebstrap, and MIRROR_OPTIONS, its options; files of both go to DIRECTORY.
mirrors() {
  local host
  # shellcheck source=/dev/null
  host=$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME") || host=
  : >"$1/sources.list"
  # shellcheck disable=SC2016 # apt-get expands these.
  [ -z "$host" ] || apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' |
    awk -v host="$host" '$3 == "main" && ($2 == host || $2 == host "-updates" || $2 == host "-security") {
      sub(host, "bookworm", $2); print "deb", $1, $2, $3 }' | sort -u >"$1/sources.list"
  apt-config dump | grep -E '^Acquire::https?::Proxy' >"$1/apt.conf" || true
  MIRROR_OPTIONS=(--aptopt='Apt::Install-Recommends "false"' --aptopt="$1/apt.conf")
  MIRRORS=()
  [ ! -s "$1/sources.list" ] || MIRRORS=("$1/sources.list")
}
