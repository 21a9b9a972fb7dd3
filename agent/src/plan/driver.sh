#!/bin/sh
# The build's main process. It runs every command of the program in its own shell, carries the directory and the
# variables from one to the next as CodeBuild does, and keeps a journal. It needs a POSIX `sh`, `cat` and /proc
# (`chown` when the agent is not root; `id`, `chmod` and a way to become somebody else for `run-as`), and nothing of the
# agent: while it runs, nobody has to be there.
#
# Journal lines, one write each, <up> being the machine's uptime in seconds (a clock that needs no process):
#   B <up>                     the driver has begun
#   P <phase>                  a phase begins
#   N <reason>                 its commands cannot run: no such `shell` or `user`, or nothing to `switch` users with
#   C <number> <up>            a command begins
#   D <number> <directory>     the command left another directory behind
#   T <phase> <times>          the phase failed and begins anew, for the first, second, … time
#   E <number> <status> <up>   the command is over, and so is its output in the log
#   A                          the shell was asked what the plan wants to know early, and the driver waits
#   H <number> <up>            the command failed, and the driver waits for an answer
#   R <number> <answer> <up>   the answer: `go` on with the failure, `retry` the command, `skip` it as if it had succeeded
#   Q <phase>                  the phase is over
#   S                          the driver saw the stop request
#   L                          the build removed the state between its commands, so none can run any more
#   X                          the program is over
# A command that calls codebuild-breakpoint adds K <up> when it is held there, and G <up> when it goes on.
#
# Output goes through a pipe and not straight to the log file: `echo > /dev/stderr` in a command would reopen the
# file and truncate it. A mark in the stream says where each command's output ends.

# Secrets come in a file, because the container's configuration can be read by whoever may ask the engine. It is emptied
# before anything of the user's runs.
if [ -r /codebuild/output/tmp/given.sh ]; then
  . /codebuild/output/tmp/given.sh
  : >/codebuild/output/tmp/given.sh
fi

# Arguments: the mark of this build, the shell of its commands, perhaps the owner (uid:gid) who is to have the files,
# and the processes that are none of the build's.
us_record=/codebuild/understudy
us_tmp=/codebuild/output/tmp
us_source=${CODEBUILD_SRC_DIR:?}
# All sources lie below one directory, the primary one perhaps deep in it.
us_sources=$CODEBUILD_GOPATH/src
us_mark=$1
us_wanted=$2
us_owner=$3
us_spared=${4:-}
us_failed=0
us_succeeding=1
us_directory=$us_source
us_way='' us_switch='' us_uid='' us_gid='' us_user=''
. /codebuild/readonly/execute.sh
# The agent makes this pipe when the build is to be held where a command fails.
us_debug=
[ ! -p "$us_record/hold" ] || us_debug=1

# The journal is open as descriptor 9 from the beginning: what the build makes of the file's name does not matter then.
us_note() {
  printf '%s\n' "$1" >&9 || exit 74
}

us_clock() {
  us_up=
  read -r us_up us_rest </proc/uptime
}

# us_define NAME WORD: replaces the saved variables' idea of a variable that is the agent's to decide. The word is quoted
# for a shell already: env.sh is sourced.
us_define() {
  printf 'export %s=%s\n' "$1" "$2" >>"$us_tmp/env.sh"
}

# The opposite: what a variable of ours leaves to the container's own, from the next command on.
us_forget() {
  printf 'unset %s\n' "$1" >>"$us_tmp/env.sh"
}

# The build may have set a PATH that leads nowhere. Where it does not help, the usual places do; its own commands see none
# of this.
us_places=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# us_which NAME: prints a program's path. `command -v` would not do: busybox names what it is itself without one.
us_which() {
  case $1 in
    */*)
      [ -x "$1" ] && printf '%s\n' "$1"
      return
      ;;
  esac
  (
    set -f
    IFS=:
    for us_place in $PATH $us_places; do
      [ -f "$us_place/$1" ] && [ -x "$us_place/$1" ] && printf '%s\n' "$us_place/$1" && exit
    done
    exit 1
  )
}

us_tool() {
  (
    PATH=$PATH:$us_places
    exec "$@" 9>&-
  )
}

# The build tools come last on the PATH, where CodeBuild has them too.
us_tools() {
  case :$PATH: in
    *:/codebuild/user/bin:* | *\'*) return ;;
  esac
  PATH=$PATH:/codebuild/user/bin
  us_define PATH "'$PATH'"
}

us_enter() {
  us_failed=0
  us_reason=
  us_times=0
  us_succeeded=$us_succeeding
  us_note "P $1"
}

# us_grant: lets everybody read what the source brought, and enter and run what its owner can (reference §1.3).
us_grant() {
  us_tool chmod -R a+rX "$us_sources" 2>/dev/null
}

# us_ready [USER]: lets the commands that follow run as USER, or as root; notes why, where they cannot run.
us_ready() {
  us_user=$1
  us_way=
  [ -n "$us_shell" ] || us_cannot shell || return
  [ -n "$us_user" ] || return 0
  us_uid=$(us_tool id -u -- "$us_user" 2>/dev/null) && us_gid=$(us_tool id -g -- "$us_user" 2>/dev/null) ||
    us_cannot user || return
  # The epilogue of a command saves the state, and `>/dev/stderr` opens the output's pipe anew.
  us_tool chmod 0666 "$us_tmp/env.sh" "$us_tmp/dir.txt"
  us_tool chmod 0622 /proc/self/fd/1
  for us_way in setpriv chroot su; do
    us_switch=$(us_which "$us_way") && us_execute -c : </dev/null 2>/dev/null 9>&- && return
  done
  us_cannot switch
}

us_cannot() {
  us_note "N $1"
  return 1
}

# us_tell: for whoever joins the build: the shell and the user of its commands.
us_tell() {
  printf '%s\n' "$us_shell" "$us_way" "$us_switch" "$us_uid" "$us_gid" "$us_user" >"$us_tmp/who"
}

# us_run NUMBER SCRIPT: the user's first line is line 4 of the script, as in CodeBuild.
us_run() {
  us_heed
  # Without its state a command would start in another directory and without the build's variables.
  [ -r "$us_tmp/env.sh" ] && [ -r "$us_tmp/dir.txt" ] || us_end L
  # Last in the file, so that it wins over whatever a command made of it.
  us_define CODEBUILD_BUILD_SUCCEEDING "$us_succeeding"
  us_remember
  us_tell
  us_command "$1" "$2"
  while [ "$us_status" != 0 ] && us_held "$1"; do
    case $us_answer in
      retry)
        us_restore
        us_command "$1" "$2"
        ;;
      skip) us_status=0 ;;
      *) break ;;
    esac
  done
  us_heed
  # The first failure is the phase's.
  [ "$us_status" = 0 ] || us_reason=${us_reason:-$1.$us_status}
  return "$us_status"
}

us_command() {
  printf '%s' "$2" >"$us_tmp/script.sh" || exit 74
  us_clock
  us_note "C $1 $us_up"
  us_execute "$us_tmp/script.sh" </dev/null 9>&-
  us_status=$?
  # A breakpoint whose process was killed holds nothing any more.
  [ -z "$us_debug" ] || : >"$us_record/held"
  printf '\033]5379;%s;%s\007' "$us_mark" "$1"
  us_clock
  IFS= read -r us_now <"$us_tmp/dir.txt" || us_now=$us_directory
  if [ "$us_now" != "$us_directory" ]; then
    us_directory=$us_now
    us_note "D $1 $us_now"
  fi
  us_note "E $1 $us_status $us_up"
}

# us_hear PIPE: waits for a line in a pipe of the agent's making; the first word is the answer. Fails when the build took the
# pipe away: then nobody can answer.
us_hear() {
  us_heed
  # The subshell has no trap: TERM ends it.
  until us_answer=$(read -r us_answer us_rest <"$us_record/$1" 2>/dev/null 9>&- && printf '%s' "$us_answer"); do
    us_heed
    [ -p "$us_record/$1" ] || return 1
  done
}

# us_held NUMBER: waits for somebody to say what becomes of the failed command; fails when nobody was to be waited for.
us_held() {
  [ -n "$us_debug" ] || return 1
  us_heed
  printf 'command %s\n' "$1" >"$us_record/held"
  us_clock
  us_note "H $1 $us_up"
  while us_hear hold; do
    case $us_answer in go | retry | skip) break ;; esac
  done
  us_answer=${us_answer:-go}
  : >"$us_record/held"
  us_clock
  us_note "R $1 $us_answer $us_up"
}

# The state before a command, for the case that it is to run again.
us_remember() {
  [ -n "$us_debug" ] || return 0
  us_tool cat "$us_tmp/env.sh" >"$us_tmp/before.env" && us_tool cat "$us_tmp/dir.txt" >"$us_tmp/before.dir"
}

us_restore() {
  us_tool cat "$us_tmp/before.env" >"$us_tmp/env.sh" && us_tool cat "$us_tmp/before.dir" >"$us_tmp/dir.txt"
}

us_fail() {
  us_failed=1
  us_succeeding=0
}

# us_again PHASE TIMES: whether the phase, which has run, begins anew. Which failures are worth it was decided with the
# plan. Directory and variables stay as the failed try left them.
us_again() {
  [ "$us_failed" = 1 ] && [ "$us_times" -lt "$2" ] && us_retryable "$us_reason" || return 1
  us_times=$((us_times + 1))
  us_note "T $1 $us_times"
  us_failed=0
  us_reason=
  us_succeeding=$us_succeeded
}

# us_leave PHASE go|end: what follows a failure of the phase was decided with the plan.
us_leave() {
  us_note "Q $1"
  if [ "$us_failed" = 1 ] && [ "$2" = end ]; then
    us_finish
  fi
}

# us_value PATH SCRIPT: keeps what the script prints, in the state that the last command left.
us_value() {
  [ -n "$us_shell" ] || return 0
  printf '%s' "$2" >"$us_tmp/script.sh" || exit 74
  "$us_shell" "$us_tmp/script.sh" </dev/null >"$us_record/$1" 9>&-
}

# us_await: until the agent has made use of the early values. It holds the pipe open, so that its line is there whoever
# comes first.
us_await() {
  us_note A
  us_hear go
}

us_finish() {
  us_define CODEBUILD_BUILD_SUCCEEDING "$us_succeeding"
  us_values
  us_end X
}

us_heed() {
  [ -e "$us_record/stop" ] || [ -L "$us_record/stop" ] || return 0
  us_end S
}

# us_end LETTER: the last line of the journal, and the end of the program.
us_end() {
  us_note "$1"
  us_quiet
  exit 0
}

# Ends whatever the build left running: only when the last writer is gone does the pipe's reader see the end, and
# only then is all of the log on disk. Three rounds, because a process may start another while we look.
us_quiet() {
  read -r us_self us_rest </proc/self/stat
  for us_round in 1 2 3; do
    for us_process in /proc/[0-9]*; do
      us_process=${us_process#/proc/}
      case $us_process in
        1 | "$us_self" | "$us_reader" | "$us_outer") ;;
        *)
          case "$us_spared " in
            *" $us_process "*) ;;
            *) kill -KILL "$us_process" 2>/dev/null ;;
          esac
          ;;
      esac
    done
  done
}

# A program may be over before the reader has so much as said who it is, and would then be ended with the rest. Its few
# steps take no time; a reader that has not come by then cannot come.
us_await_reader() {
  us_reader=
  us_round=0
  until read -r us_reader <"$us_tmp/reader" && [ -n "$us_reader" ]; do
    us_round=$((us_round + 1))
    [ "$us_round" -lt 5000000 ] || exit 74
  done
}

# Builds run as root; an agent that does not could neither read all they left nor delete it. Where the engine maps root
# to somebody else, the files belong to that somebody already.
us_hand_over() {
  [ -n "$us_owner" ] || return 0
  read -r us_inside us_outside us_rest </proc/self/uid_map
  [ "$us_outside" = 0 ] || return 0
  us_tool chown -Rh "$us_owner" "$us_sources" "$us_tmp" "$us_record"
  # What the cache keeps elsewhere, a directory on each line.
  [ -r /codebuild/readonly/kept ] || return 0
  while IFS= read -r us_kept; do
    us_tool chown -Rh "$us_owner" "$us_kept"
  done </codebuild/readonly/kept
}

us_main() {
  # Whoever stops the build sends TERM to every process; a trap, unlike "ignore", is not inherited by commands.
  trap : TERM INT HUP
  exec 9>>"$us_record/journal"
  us_await_reader
  us_shell=$(us_which "$us_wanted")
  us_tell
  # For whoever joins the build before a command has left its variables, or where none does.
  export -p >"$us_tmp/base.env"
  : >"$us_tmp/env.sh"
  printf '%s\n' "$us_source" >"$us_tmp/dir.txt"
  us_clock
  us_note "B $us_up"
  . /codebuild/readonly/program.sh
  us_finish
}

us_outer=$$
trap : TERM INT HUP
umask 022
# The agent's part of the variable; only here is known what the image's part is (reference §3.2).
export GOPATH="${GOPATH:-/go}:$CODEBUILD_GOPATH"
: >"$us_tmp/reader"
us_main 2>&1 | {
  trap '' TERM INT HUP
  read -r us_reader us_rest </proc/self/stat
  printf '%s\n' "$us_reader" >"$us_tmp/reader"
  PATH=$PATH:$us_places
  exec cat >>"$us_record/log"
}
us_status=$?
us_hand_over
# 74 is EX_IOERR: the log could not be written, and the reader has said why on the container's own stderr. Above 128 a
# signal has ended it.
case $us_status in
  0) exit 0 ;;
  129 | 1[3-9]? | 2??) exit "$us_status" ;;
  *) exit 74 ;;
esac
