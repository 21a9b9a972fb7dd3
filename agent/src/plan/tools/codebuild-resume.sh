#!/bin/sh
# codebuild-resume [--retry|--skip]: lets a held build go on: with the failure as it is, with the command once more, or
# as if the command had succeeded.
us_record=/codebuild/understudy

case $#$1 in
  0) us_answer=go ;;
  1--retry) us_answer=retry ;;
  1--skip) us_answer=skip ;;
  *)
    echo "usage: codebuild-resume [--retry | --skip]
  without an option  go on: past a breakpoint, or with the command's failure
  --retry            run the failed command again, from the state before it
  --skip             go on as if the failed command had succeeded" >&2
    [ "$1" != --help ] || exit 0
    exit 2
    ;;
esac
if [ ! -p "$us_record/hold" ]; then
  echo "codebuild-resume: ignored, because the build was not started with --debug" >&2
  exit 0
fi
us_kind=
read -r us_kind us_number us_status <"$us_record/held"
case $us_kind$us_answer in
  breakpointgo | commandgo | commandretry | commandskip) ;;
  breakpoint*)
    echo "codebuild-resume: the build is held at a breakpoint, where no command has failed; leave the option out" >&2
    exit 2
    ;;
  *)
    echo "codebuild-resume: nothing is held; the build runs" >&2
    exit 1
    ;;
esac
# Waits for whoever holds the build to listen, which is a moment at most.
printf '%s\n' "$us_answer" >"$us_record/hold"
