#!/bin/sh
# codebuild-breakpoint: holds the build here until somebody calls codebuild-resume; without --debug it does nothing.
us_record=/codebuild/understudy
us_tmp=/codebuild/output/tmp

if [ ! -p "$us_record/hold" ]; then
  echo "codebuild-breakpoint: ignored, because the build was not started with --debug" >&2
  exit 0
fi

# A shell that joins the build shall find itself exactly here.
pwd >"$us_tmp/breakpoint.dir"
export -p >"$us_tmp/breakpoint.env"
echo breakpoint >"$us_record/held"
us_up=
read -r us_up us_rest </proc/uptime
printf 'K %s\n' "$us_up" >>"$us_record/journal"
us_answer=
until [ "$us_answer" = go ]; do
  [ ! -e "$us_record/stop" ] || exit 143
  # Where nothing can be read, nobody could answer.
  read -r us_answer us_rest <"$us_record/hold" || [ -r "$us_record/hold" ] || us_answer=go
done
: >"$us_record/held"
read -r us_up us_rest </proc/uptime
printf 'G %s\n' "$us_up" >>"$us_record/journal"
