# shellcheck shell=bash disable=SC2034
# What every script here shares: where state lives, how progress is told, how a server is started and known again.
# Sourced, never run, by scripts with `set -euo pipefail` in force.

shopt -s inherit_errexit # Without it, a failure inside $( ) goes unseen.

[ "$(uname -s)" = Linux ] || { echo "dev: these scripts install and start servers on Linux only" >&2; exit 1; }

DEV="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
STATE="${UNDERSTUDY_DEV:-$(dirname "$DEV")/target/dev}"
mkdir -p "$STATE/log" "$STATE/pid" "$STATE/cache"
STATE="$(cd "$STATE" && pwd)"
CACHE="$STATE/cache" # Downloads, so that a changed recipe does not fetch them again.
PATH="$PATH:/usr/sbin:/sbin" # Debian keeps dockerd and iptables where an ordinary user's PATH does not look.
# Our own servers are never asked by way of a proxy.
NO_PROXY="${NO_PROXY:-${no_proxy:-}},127.0.0.1" && export NO_PROXY no_proxy="$NO_PROXY"

have() { command -v "$1" >/dev/null 2>&1; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# fail SENTENCE...: says what went wrong and what to do next, and ends the script.
fail() {
  printf 'dev: %s\n' "$@" >&2
  exit 1
}

present() { printf '  %-68s already there\n' "$1"; }

# step WHAT COMMAND...: one line on screen, with the time it took; what the command prints goes to the log of this script.
step() {
  local what=$1 started=$EPOCHREALTIME log
  log="$STATE/log/$(basename "$0" .sh).log"
  shift
  printf '  %-68s ' "$what"
  # `if` would switch off `set -e` inside a shell function, so the work runs in a subshell that is judged afterwards.
  set +e
  (set -e; "$@") >>"$log" 2>&1 </dev/null
  local status=$?
  set -e
  if [ $status -ne 0 ]; then
    printf 'FAILED\n'
    tail -n 20 "$log" >&2
    fail "\"$what\" failed; the whole log is $log"
  fi
  awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "%5.1f s\n", b - a }'
}

# record NAME VALUE: sets one line of the env file that the tests and the Makefile read. Two scripts may be at it at once.
record() {
  local env="$STATE/env"
  (
    umask 077 # It holds passwords, if only those of stand-ins.
    flock 9
    { [ ! -f "$env" ] || grep -v "^$1=" "$env" || true; } >"$env.new"
    printf '%s=%s\n' "$1" "$2" >>"$env.new"
    mv "$env.new" "$env"
  ) 9>"$STATE/env.lock"
}

recorded() { [ -f "$STATE/env" ] && sed -n "s/^$1=//p" "$STATE/env"; }

# A pid alone may come to name another process. With the time that the process started (field 22 of its stat) it cannot.
# One that has ended and is not yet reaped (state Z) is none.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" { print $20 }'; }

remember_pid() { printf '%s %s\n' "$2" "$(started_at "$2")" >"$STATE/pid/$1"; }

# is_running NAME: the very process that was started under this name is alive.
is_running() {
  local pid start
  [ -f "$STATE/pid/$1" ] && read -r pid start <"$STATE/pid/$1" && [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ]
}

# start_server NAME COMMAND...: in a session of its own, so that it outlives this shell and its terminal.
start_server() {
  local name=$1 pid
  shift
  # shellcheck disable=SC2016 # The inner shell expands these.
  pid=$(as_user_of_server sh -c 'log=$1; shift; setsid "$@" >"$log" 2>&1 </dev/null & echo $!' sh "$STATE/log/$name.log" "$@")
  remember_pid "$name" "$pid"
}

# stop_server NAME [SIGNAL]: ends it and waits until it is gone. Another process that has its pid by now is left alone.
stop_server() {
  local pid signal=${2:-TERM} tries=400
  if is_running "$1"; then
    read -r pid _ <"$STATE/pid/$1"
    kill -s "$signal" "$pid" 2>/dev/null || as_root kill -s "$signal" "$pid"
    while is_running "$1"; do
      tries=$((tries - 1))
      [ $tries -gt 0 ] || { echo "$1 (process $pid) did not end within 20 s" && return 1; }
      sleep 0.05
    done
  fi
  rm -f "$STATE/pid/$1"
}

# Servers that need root (the engine, a port below 1024) set SERVER_AS_ROOT=yes around start_server.
as_user_of_server() { if [ "${SERVER_AS_ROOT:-no}" = yes ]; then as_root "$@"; else "$@"; fi; }

# wait_until SECONDS NAME COMMAND...: until the command succeeds; gives up when the time is over or the server is gone.
wait_until() {
  local tries=$(($1 * 20)) name=$2
  shift 2
  while ! "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    if [ $tries -le 0 ] || ! is_running "$name"; then
      echo "$name did not come up; the last lines of its log, $STATE/log/$name.log:"
      tail -n 20 "$STATE/log/$name.log"
      return 1
    fi
    sleep 0.05
  done
}

# need_free_port ADDRESS PORT VARIABLE: ends the script with a next step when something else listens there.
need_free_port() {
  local holder
  holder=$(ss -Hltnp "sport = :$2" 2>/dev/null | awk -v a="$1:$2" -v any="0.0.0.0:$2" -v star="*:$2" '$4 == a || $4 == any || $4 == star { print $6 }')
  if [ -n "$holder" ] || (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; then
    fail "port $2 on $1 is taken by something that dev/up did not start: ${holder:-unknown process}" \
      "end it, or choose another port: $3=<port> dev/up"
  fi
}

# The address under which containers reach servers of this machine: its own address on the engine's bridge. (The engine
# itself does not name a gateway when it made the bridge only just now.)
gateway() {
  local bridge address
  bridge=$(docker network inspect bridge --format '{{index .Options "com.docker.network.bridge.name"}}')
  address=$(ip -4 -o address show dev "$bridge" 2>/dev/null | awk '{ sub("/.*", "", $4); print $4; exit }')
  [ -n "$address" ] ||
    fail "the engine's bridge ${bridge:-(it has none)} has no address on this machine (Docker Desktop, rootless or remote engine?)" \
      "use an engine that runs directly on this machine: containers of the tests talk to servers here"
  printf '%s\n' "$address"
}
