#!/usr/bin/env bash
# A Docker Engine: the one that answers, left exactly as it is, or one that we start and may end again.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=dev/ecr-name.sh
. "$DEV/ecr-name.sh"

answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

if answers; then
  if is_running dockerd; then
    record UNDERSTUDY_DEV_ENGINE started
    present "Docker Engine (started by dev/up)"
    ecr_name_is_claimed || step "ECR's name on this machine" claim_ecr_name
  else
    record UNDERSTUDY_DEV_ENGINE found
    present "Docker Engine"
  fi
  exit 0
fi

# A running engine that this user may not ask must not get a rival.
answer=$(docker version 2>&1) || true
if [[ $answer == *"permission denied"* ]]; then
  fail "a Docker Engine is running, but $(id -un) may not use it: add yourself to the group 'docker' and log in again"
fi
if [ -n "${DOCKER_HOST:-}" ]; then
  fail "no Docker Engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST to have one started here"
fi

start() {
  # The group gets the socket, so that whoever started the engine may use it without root.
  SERVER_AS_ROOT=yes start_server dockerd dockerd --group "$(id -gn)"
  wait_until 60 dockerd answers || {
    echo "next: look for 'failed to' in that log; an engine needs root, iptables and overlay, and can not run in an unprivileged container"
    return 1
  }
}
# First, because a process keeps what it read in /etc/hosts for some seconds.
step "ECR's name on this machine" claim_ecr_name
step "Docker Engine: starting dockerd" start
record UNDERSTUDY_DEV_ENGINE started
