#!/usr/bin/env bash
# stand-in.sh IMAGE: the image for builds that ask for aws/codebuild/standard:7.0. The curated image is very large and
# comes from a registry; this one is made here from a Debian base, real Node.js 20 and 22, the AWS CLI and the docker CLI.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=dev/lib.sh
. ../lib.sh
# shellcheck source=dev/images/node-release.sh
. ./node-release.sh

# cached RECIPE SUFFIX: makes what the recipe makes, in the place of what an older recipe made, and prints where it is.
cached() {
  local name product
  name=$(basename "$1" .sh)
  product=$CACHE/$name-$(sha256sum <"$1" | cut -c1-12)$2
  if [ ! -e "$product" ]; then
    rm -rf "$CACHE/$name-"*
    "$1" "$product" >&2
  fi
  printf '%s\n' "$product"
}

# The mirror, the Python index and the npm registry are asked at the same time: most of each is waiting.
cached stand-in/base.sh .tar >/dev/null &
debian=$!
aws=$(cached stand-in/aws-cli.sh '')
node20=$(node_release 20)
node22=$(node_release 22)

work=$(mktemp -d "$CACHE/tree.XXXXXX")
trap 'rm -rf "$work"' EXIT
bundle=etc/ssl/certs/ca-certificates.crt
mkdir -p "$work"/{codebuild/image/config,etc/ssl/certs,opt/node/{20,22}/bin} "$work"/usr/local/{bin,etc,lib/node_modules}
cp "/$bundle" "$work/$bundle"
cp stand-in/runtimes.yml "$work/codebuild/image/config/"
cp "$(readlink -f "$(command -v docker)")" "$work/usr/local/bin/docker"
cp -al "$aws" "$work/opt/aws"
install stand-in/aws "$work/usr/local/bin/aws"

# One npm serves both versions. Its prefix is /usr/local whichever is chosen, so that what `npm install -g` puts there stays.
mv "$(npm_package npm@10.9.9)" "$work/usr/local/lib/node_modules/npm"
rm -rf "$work/usr/local/lib/node_modules/npm"/{docs,man}
echo 'prefix=/usr/local' >"$work/usr/local/lib/node_modules/npm/npmrc"
cp -l "$node20" "$work/opt/node/20/bin/node"
cp -l "$node22" "$work/opt/node/22/bin/node"
ln -s /opt/node/20/bin/node "$work/usr/local/bin/node"
for program in npm npx; do
  for bin in "$work/usr/local/bin" "$work"/opt/node/{20,22}/bin; do
    ln -s "/usr/local/lib/node_modules/npm/bin/$program-cli.js" "$bin/$program"
  done
done

# Where this machine's npm asks, builds ask too. Its tokens stay here: an image holds no secret.
echo "registry=$(npm config get registry)" >"$work/usr/local/etc/npmrc"
authority=$(npm config get cafile)
if [ -f "$authority" ]; then
  cmp -s "$authority" "/$bundle" || cat "$authority" >>"$work/$bundle"
  echo "cafile=/$bundle" >>"$work/usr/local/etc/npmrc"
fi

# The base is taken as a tar, and our files are put behind it: so its owners and modes stay, also when we are not root.
# Directories are left out, because an import refuses a path that comes twice; the engine makes those that are missing.
wait $debian
cp "$(cached stand-in/base.sh .tar)" "$work.tar"
trap 'rm -rf "$work" "$work.tar"' EXIT
(cd "$work" && find . ! -type d -print0) |
  tar -C "$work" --null --no-recursion --hard-dereference --owner=0 --group=0 -rf "$work.tar" -T -

# Every program finds the host's authorities, so that a private one, or that of a proxy, works in builds too.
variables=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8)
for name in AWS_CA_BUNDLE CURL_CA_BUNDLE GIT_SSL_CAINFO NODE_EXTRA_CA_CERTS PIP_CERT REQUESTS_CA_BUNDLE SSL_CERT_FILE; do
  variables+=("$name=/$bundle")
done
docker import --change "ENV ${variables[*]}" --change 'CMD ["bash"]' "$work.tar" "$1"

docker run --rm --network none "$1" bash -ec '
  for program in aws curl docker git jq node npm openssl python3 tar zip; do command -v $program >/dev/null; done
  aws --version && docker --version && node --version && npm --version && /opt/node/22/bin/node --version'
