#!/usr/bin/env bash
# A container registry with ECR's user and the token that the AWS stand-in hands out: plain HTTP on the loopback, and,
# for an engine of our own, under ECR's real host name with TLS. Both serve the same store: what is pushed to one is seen
# in the other.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=dev/ecr-name.sh
. "$DEV/ecr-name.sh"

PORT=${UNDERSTUDY_DEV_REGISTRY_PORT:-5001}
REPOSITORY=kidslearn/adaptive-engine
USER_NAME=AWS
PASSWORD=123456789012-auth-token # The one token that moto's GetAuthorizationToken ever returns.
HOME_DIR=$STATE/registry

# configuration PORT [TLS]: of one docker-registry process.
configuration() {
  cat <<YAML
version: 0.1
log: { level: warn }
storage:
  filesystem: { rootdirectory: $HOME_DIR/store }
  delete: { enabled: true }
auth:
  htpasswd: { realm: understudy, path: $HOME_DIR/htpasswd }
http:
  addr: 127.0.0.1:$1
  secret: $(cat "$HOME_DIR/secret")
YAML
  if [ "${2:-}" = TLS ]; then
    printf '  tls: { certificate: %s, key: %s }\n' "$ECR_CERTIFICATE" "$ECR_KEY"
  fi
}

# One secret for both: an upload that begins at one listener may go on at the other.
prepare() {
  mkdir -p "$HOME_DIR/store"
  htpasswd -Bbn "$USER_NAME" "$PASSWORD" >"$HOME_DIR/htpasswd"
  [ -s "$HOME_DIR/secret" ] || openssl rand -hex 32 >"$HOME_DIR/secret"
}

start_plain() {
  prepare
  configuration "$PORT" >"$HOME_DIR/plain.yml"
  start_server "registry-$PORT" docker-registry serve "$HOME_DIR/plain.yml"
  wait_until 10 "registry-$PORT" curl --silent "http://127.0.0.1:$PORT/v2/"
}

start_ecr() {
  configuration "$ECR_PORT" TLS >"$HOME_DIR/ecr.yml"
  start_server "registry-ecr-$ECR_PORT" docker-registry serve "$HOME_DIR/ecr.yml"
  wait_until 10 "registry-ecr-$ECR_PORT" curl --silent --cacert "$ECR_CERTIFICATE" "https://$ECR_HOST/v2/"
}

if is_running "registry-$PORT"; then
  present "registry on 127.0.0.1:$PORT"
else
  need_free_port 127.0.0.1 "$PORT" UNDERSTUDY_DEV_REGISTRY_PORT
  step "registry on 127.0.0.1:$PORT" start_plain
fi
REGISTRY=127.0.0.1:$PORT

if [ "$(recorded UNDERSTUDY_DEV_ENGINE)" = started ]; then
  if is_running "registry-ecr-$ECR_PORT"; then
    present "registry as $ECR_HOST"
  else
    need_free_port 127.0.0.1 "$ECR_PORT" UNDERSTUDY_DEV_ECR_PORT
    step "registry as $ECR_HOST" start_ecr
  fi
  REGISTRY=$ECR_HOST
fi

record UNDERSTUDY_DEV_REGISTRY "$REGISTRY"
record UNDERSTUDY_DEV_REGISTRY_API "http://127.0.0.1:$PORT"
record UNDERSTUDY_DEV_REGISTRY_USER "$USER_NAME"
record UNDERSTUDY_DEV_REGISTRY_PASSWORD "$PASSWORD"
record UNDERSTUDY_DEV_ECR_REPO_URI "$REGISTRY/$REPOSITORY"
