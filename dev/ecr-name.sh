# shellcheck shell=bash disable=SC2034
# ECR's real host name on this machine: a line in /etc/hosts, and a certificate that the engine trusts for this name alone.
# With it the commands of a buildspec reach our registry unchanged. Only for an engine of our own: on a machine that has
# its Docker Engine nothing in /etc is touched. Sourced after lib.sh.

ECR_NAME=123456789012.dkr.ecr.us-east-1.amazonaws.com # The account and region that moto plays.
# ECR's own port, unless it would take root's rights to listen there.
ECR_PORT=${UNDERSTUDY_DEV_ECR_PORT:-$([ "$(id -u)" = 0 ] && echo 443 || echo 8443)}
ECR_HOST=$ECR_NAME$([ "$ECR_PORT" = 443 ] || echo ":$ECR_PORT")
ECR_KEY=$STATE/ecr/key.pem
ECR_CERTIFICATE=$STATE/ecr/certificate.pem
ECR_TRUST=/etc/docker/certs.d
HOSTS_MARK='# understudy dev'
export NO_PROXY="$NO_PROXY,$ECR_NAME" no_proxy="$no_proxy,$ECR_NAME"

ecr_name_is_claimed() {
  cmp -s "$ECR_CERTIFICATE" "$ECR_TRUST/$ECR_HOST/ca.crt" && grep -q "$HOSTS_MARK" /etc/hosts
}

claim_ecr_name() {
  mkdir -p "$STATE/ecr"
  [ -s "$ECR_CERTIFICATE" ] || openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=$ECR_NAME" \
    -addext "subjectAltName=DNS:$ECR_NAME" -keyout "$ECR_KEY" -out "$ECR_CERTIFICATE"
  as_root mkdir -p "$ECR_TRUST/$ECR_HOST"
  as_root cp "$ECR_CERTIFICATE" "$ECR_TRUST/$ECR_HOST/ca.crt"
  if ! grep -q "$HOSTS_MARK" /etc/hosts; then
    # The file's last line may lack its end.
    { [ -z "$(tail -c 1 /etc/hosts)" ] || echo; echo "127.0.0.1 $ECR_NAME $HOSTS_MARK"; } | as_root tee -a /etc/hosts
  fi
}

forget_ecr_name() {
  # Written in place: in a container /etc/hosts is a mount, and can not be replaced.
  grep -v "$HOSTS_MARK" /etc/hosts >"$STATE/hosts"
  as_root tee /etc/hosts <"$STATE/hosts"
  rm "$STATE/hosts"
  as_root rm -rf "$ECR_TRUST/$ECR_NAME"*
}
