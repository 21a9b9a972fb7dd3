# How a shell becomes the one that commands run on; for the driver, and for who joins the build as its commands' user.

# us_execute WORD…: the commands' shell, as the user whose turn it is. Directory and variables stay what they are, HOME
# included: it is always /root (reference §3.1). The first two start nothing that stays between us and the shell.
us_execute() {
  case $us_way in
    '') "$us_shell" "$@" ;;
    setpriv) "$us_switch" --reuid "$us_uid" --regid "$us_gid" --init-groups -- "$us_shell" "$@" ;;
    chroot) "$us_switch" --userspec="$us_uid:$us_gid" --skip-chdir / "$us_shell" "$@" ;;
    # Otherwise it would take an option of a command for its own.
    su) "$us_switch" -p -s "$us_shell" -- "$us_user" "$@" ;;
  esac
}
