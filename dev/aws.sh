#!/usr/bin/env bash
# A stand-in for AWS: ECR, S3, SSM, Secrets Manager, STS and more, by moto. It checks no credentials and keeps its state
# in memory. It listens on the loopback and on the gateway of the engine's bridge, where containers reach it.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

PORT=${UNDERSTUDY_DEV_AWS_PORT:-5000}
REPOSITORY=kidslearn/adaptive-engine
URL=http://127.0.0.1:$PORT
MOTO=moto==5.2.5
VENV=$STATE/venv

has_moto() { "$VENV/bin/python" -c 'import boto3, moto.ecr.models, moto.s3.models, moto.server, moto.ssm.models'; }

# The long way takes half a minute. Where this machine's Python already holds what moto imports, a few packages suffice.
install_moto() {
  rm -rf "$VENV"
  python3 -m venv --system-site-packages "$VENV"
  "$VENV/bin/pip" install --quiet --no-compile --no-deps "$MOTO" flask flask-cors werkzeug itsdangerous blinker click
  has_moto && return
  rm -rf "$VENV"
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install --quiet --no-compile "moto[server]==${MOTO#*==}" boto3
  has_moto
}

# ecr OPERATION: asked by hand, so that this machine needs no AWS CLI. moto reads the region from the signature's scope.
ecr() {
  curl --silent --fail-with-body "$URL/" --data "$2" \
    --header 'Content-Type: application/x-amz-json-1.1' \
    --header "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.$1" \
    --header 'Authorization: AWS4-HMAC-SHA256 Credential=dev/20200101/us-east-1/ecr/aws4_request, SignedHeaders=host, Signature=0'
}

has_repository() { ecr DescribeRepositories "{\"repositoryNames\": [\"$REPOSITORY\"]}" >/dev/null; }
create_repository() { ecr CreateRepository "{\"repositoryName\": \"$REPOSITORY\"}"; }

start() {
  start_server "aws-$PORT" "$VENV/bin/python" "$DEV/aws-standin.py" "$PORT" 127.0.0.1 "$GATEWAY"
  wait_until 30 "aws-$PORT" curl --silent "$URL/moto-api/"
}

GATEWAY=$(gateway)
if is_running "aws-$PORT"; then
  present "AWS stand-in on 127.0.0.1:$PORT and $GATEWAY:$PORT"
else
  # The marker comes last: a venv without it is one whose making was cut short.
  if [ ! -f "$VENV/$MOTO" ]; then
    step "AWS stand-in: Python packages" install_moto
    touch "$VENV/$MOTO"
  fi
  need_free_port 127.0.0.1 "$PORT" UNDERSTUDY_DEV_AWS_PORT
  need_free_port "$GATEWAY" "$PORT" UNDERSTUDY_DEV_AWS_PORT
  step "AWS stand-in on 127.0.0.1:$PORT and $GATEWAY:$PORT" start
fi
has_repository || step "ECR repository $REPOSITORY" create_repository

record UNDERSTUDY_DEV_AWS "$URL"
record UNDERSTUDY_DEV_AWS_FROM_BUILD "http://$GATEWAY:$PORT"
