#!/bin/sh
# codebuild-glob-search GLOB…: prints the files that match, one a line, relative to the working directory.
. /codebuild/readonly/glob.sh

if [ $# -eq 0 ]; then
  echo "codebuild-glob-search: no pattern is given; write it in quotes: codebuild-glob-search '**/*_test.py'" >&2
  exit 2
fi

us_any=
us_print() {
  us_any=1
  printf '%s\n' "$1"
}

us_glob us_print "$@"
# On standard error, so that a list of files stays one.
[ -n "$us_any" ] || echo "codebuild-glob-search: no files found for: $*" >&2
