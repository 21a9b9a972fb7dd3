# Which files a glob means, for the build tools, which source this file. By the shell alone: an image may have no `find`.
# The rules are those of artifacts: `*`, `?` and `[…]` stay within one name and match names that begin with a dot,
# `**` stands for any number of directories, `{a,b}` for either; directories themselves are no match, and links are not
# followed. A file that several globs match comes once.

# us_glob FUNCTION PATTERN…: calls FUNCTION with each file below the working directory, a directory's names in the order
# of their bytes, those that begin with a dot last.
us_glob() {
  LC_ALL=C
  us_each=$1
  shift
  us_left=$#
  while [ "$us_left" -gt 0 ]; do
    us_pattern=$1
    us_left=$((us_left - 1))
    shift
    us_choice=1
    while us_choose "$us_pattern" "$us_choice"; do
      set -- "$us_word" "$@"
      us_left=$((us_left + 1))
      us_choice=$((us_choice + 1))
    done
    if [ "$us_choice" = 1 ]; then
      us_plain "$us_pattern"
      [ -z "$us_word" ] || set -- "$@" "$us_word"
    fi
  done
  [ $# -eq 0 ] || us_walk '' "$@"
}

# us_choose PATTERN NUMBER: us_word is PATTERN with that alternative of its first braces; fails when there is none.
us_choose() {
  us_word='' us_rest=$1 us_depth=0 us_number=1 us_taken=''
  while [ -n "$us_rest" ]; do
    us_char=${us_rest%"${us_rest#?}"}
    us_rest=${us_rest#?}
    if [ "$us_char" = \\ ]; then
      us_char=$us_char${us_rest%"${us_rest#?}"}
      us_rest=${us_rest#?}
    fi
    case $us_depth$us_char in
      '0{') us_depth=1 ;;
      0*) us_word=$us_word$us_char ;;
      '1,') us_number=$((us_number + 1)) ;;
      '1}')
        [ "$2" -le "$us_number" ] || return 1
        us_word=$us_word$us_taken$us_rest
        return 0
        ;;
      *)
        case $us_char in
          '{') us_depth=$((us_depth + 1)) ;;
          '}') us_depth=$((us_depth - 1)) ;;
        esac
        [ "$us_number" != "$2" ] || us_taken=$us_taken$us_char
        ;;
    esac
  done
  return 1
}

# us_plain PATTERN: us_word is the pattern as paths below the working directory are written.
us_plain() {
  us_word=$1
  case $us_word in
    "$PWD"/*) us_word=${us_word#"$PWD"} ;;
  esac
  while :; do
    case $us_word in
      /*) us_word=${us_word#/} ;;
      ./*) us_word=${us_word#./} ;;
      */) us_word=${us_word%/} ;;
      .) us_word= ;;
      '**/**/'*) us_word=${us_word#'**/'} ;;
      *'/**/**/'*) us_word=${us_word%%'/**/**/'*}/'**'/${us_word#*'/**/**/'} ;;
      # Not every shell knows this way to write "none of these".
      *'[^'*) us_word=${us_word%%'[^'*}'[!'${us_word#*'[^'} ;;
      *) break ;;
    esac
  done
}

# us_walk DIRECTORY/ PATTERN…: the patterns are relative to the directory.
us_walk() {
  for us_found in "$1"* "$1".[!.]* "$1"..?*; do
    if [ -e "$us_found" ] || [ -L "$us_found" ]; then
      us_entry "$us_found" "$@"
    fi
  done
}

# us_entry PATH DIRECTORY/ PATTERN…: takes one name off each pattern that it fits; what is left is for the directory below.
us_entry() {
  us_path=$1
  us_name=${1#"$2"}
  shift 2
  us_left=$#
  us_fits=
  while [ "$us_left" -gt 0 ]; do
    us_pattern=$1
    us_left=$((us_left - 1))
    shift
    us_first=${us_pattern%%/*}
    us_after=
    case $us_pattern in
      */*) us_after=${us_pattern#*/} ;;
    esac
    if [ "$us_first" = '**' ]; then
      # This name is one of the directories, or there are none and the rest begins here.
      set -- "$@" "$us_pattern"
      if [ -n "$us_after" ]; then
        set -- "$us_after" "$@"
        us_left=$((us_left + 1))
      else
        us_fits=1
      fi
      continue
    fi
    # The pattern is one.
    # shellcheck disable=SC2254
    case $us_name in
      $us_first)
        if [ -n "$us_after" ]; then set -- "$@" "$us_after"; else us_fits=1; fi
        ;;
    esac
  done
  if [ -d "$us_path" ] && [ ! -L "$us_path" ]; then
    [ $# -eq 0 ] || us_walk "$us_path/" "$@"
  elif [ -n "$us_fits" ]; then
    if [ -f "$us_path" ] || [ -L "$us_path" ]; then
      "$us_each" "$us_path"
    fi
  fi
}
