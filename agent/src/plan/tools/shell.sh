# A shell where the build is: its directory, its variables. Run by join.sh, on the shell that the build's commands run on.
us_tmp=/codebuild/output/tmp

us_env=$us_tmp/env.sh
us_dir=$us_tmp/dir.txt
us_kind=
[ ! -r /codebuild/understudy/held ] || read -r us_kind us_rest </codebuild/understudy/held
if [ "$us_kind" = breakpoint ]; then
  us_env=$us_tmp/breakpoint.env
  us_dir=$us_tmp/breakpoint.dir
fi
if [ -r "$us_dir" ] && [ -r "$us_env" ] && [ -r "$us_tmp/base.env" ]; then
  IFS= read -r us_now <"$us_dir"
  set -a
  . "$us_tmp/base.env"
  . "$us_env"
  set +a
  cd "$us_now" || echo "the build's directory is gone: $us_now" >&2
else
  echo "the build has no state yet, or has removed it: neither its directory nor its variables are known" >&2
fi
unset us_tmp us_env us_dir us_kind us_rest us_now

if [ $# -gt 0 ]; then
  "$@"
  exit $?
fi
if [ ! -t 0 ]; then
  command -v bash >/dev/null && exec bash
  exec sh
fi
# Not the user's own files: they could change the very variables that somebody wants to see.
command -v bash >/dev/null && exec bash --noprofile --rcfile /codebuild/readonly/shellrc
exec sh
