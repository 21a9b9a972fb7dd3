#!/usr/bin/env bash
# A PostgreSQL for the demo's migrations: database and user kidslearn, on the loopback and on the bridge's gateway.
set -euo pipefail
# shellcheck source=dev/lib.sh
. "$(dirname "$0")/lib.sh"

PORT=${UNDERSTUDY_DEV_POSTGRES_PORT:-55432}
NAME=kidslearn # Of the database and of its user.

# Debian keeps the newest of several versions last in this list, and outside of PATH.
initdb=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1) || initdb=$(command -v initdb)
BIN=$(dirname "$initdb")

# PostgreSQL refuses to run as root. `env` is there for the other case: a prefix that changes nothing.
AS_USER=(env)
[ "$(id -u)" != 0 ] || AS_USER=(setpriv --reuid postgres --regid postgres --clear-groups)

# The state directory, when the server's user can get there; else a directory of ours where everyone can.
directory() {
  if "${AS_USER[@]}" test -x "$STATE"; then echo "$STATE/postgres"; else echo "/var/tmp/understudy-dev-$(id -u)/postgres"; fi
}

# The password is made anew with each data directory.
make_database() {
  rm -rf "$DATA"
  mkdir -p "$(dirname "$DATA")"
  install -d -m 700 "$DATA"
  [ "$(id -u)" != 0 ] || chown postgres: "$DATA"
  (umask 077 && openssl rand -hex 16 >"$PASSWORD_FILE")
  "${AS_USER[@]}" "$BIN/initdb" --pgdata="$DATA" --username=postgres --auth=reject --no-sync --encoding=UTF8 --locale=C.UTF-8
  echo "host $NAME $NAME all scram-sha-256" | "${AS_USER[@]}" tee "$DATA/pg_hba.conf"
  printf '%s\n' "CREATE ROLE $NAME LOGIN PASSWORD '$(cat "$PASSWORD_FILE")'" "CREATE DATABASE $NAME OWNER $NAME" |
    "${AS_USER[@]}" "$BIN/postgres" --single -c exit_on_error=true -D "$DATA" postgres
  "${AS_USER[@]}" touch "$COMPLETE"
}

# Throw-away data: to lose it in a power cut is worth the speed.
start() {
  start_server "$SERVER" "${AS_USER[@]}" "$BIN/postgres" -D "$DATA" -p "$PORT" -F \
    -c "listen_addresses=127.0.0.1,$GATEWAY" -c unix_socket_directories=
  wait_until 30 "$SERVER" "$BIN/pg_isready" --host 127.0.0.1 --port "$PORT"
}

GATEWAY=$(gateway)
SERVER=postgres-$PORT
DATA=$(directory)
PASSWORD_FILE=$STATE/postgres.password
COMPLETE=$DATA/understudy-complete # Comes last: a directory without it is one whose making was cut short.

if is_running "$SERVER"; then
  present "PostgreSQL on 127.0.0.1:$PORT and $GATEWAY:$PORT"
else
  need_free_port 127.0.0.1 "$PORT" UNDERSTUDY_DEV_POSTGRES_PORT
  need_free_port "$GATEWAY" "$PORT" UNDERSTUDY_DEV_POSTGRES_PORT
  if [ ! -f "$COMPLETE" ] || [ ! -f "$PASSWORD_FILE" ]; then step "PostgreSQL: database $NAME" make_database; fi
  step "PostgreSQL on 127.0.0.1:$PORT and $GATEWAY:$PORT" start
fi

login=postgres://$NAME:$(cat "$PASSWORD_FILE")
record UNDERSTUDY_DEV_POSTGRES_URL "$login@$GATEWAY:$PORT/$NAME"
record UNDERSTUDY_DEV_POSTGRES_URL_HOST "$login@127.0.0.1:$PORT/$NAME"
