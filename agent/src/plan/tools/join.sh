# Joins the build, for `understudy shell`: run as `sh join.sh [COMMAND…]`. The commands' own shell goes on in shell.sh, as
# their user: shells write their variables in ways that others cannot read.
. /codebuild/readonly/execute.sh
us_shell=
if [ -r /codebuild/output/tmp/who ]; then
  {
    read -r us_shell
    read -r us_way
    read -r us_switch
    read -r us_uid
    read -r us_gid
    read -r us_user
  } </codebuild/output/tmp/who
fi
[ -x "$us_shell" ] || us_shell=sh
us_execute /codebuild/readonly/shell.sh "$@"
