#!/bin/sh
# codebuild-hash-files GLOB…: prints one SHA-256 for all files of the source directory that match; nothing without any.
# It is the hash of the files' own hashes, each in hexadecimal on a line, in the order of their paths.
. /codebuild/readonly/glob.sh

if [ $# -eq 0 ]; then
  echo "codebuild-hash-files: no pattern is given; write it in quotes: codebuild-hash-files '**/package-lock.json'" >&2
  exit 2
fi
if command -v sha256sum >/dev/null; then
  us_sum() { sha256sum "$@"; }
elif command -v shasum >/dev/null; then
  us_sum() { shasum -a 256 "$@"; }
elif command -v openssl >/dev/null; then
  us_sum() { openssl dgst -sha256 -r "$@"; }
else
  echo "codebuild-hash-files: this image has no sha256sum, shasum or openssl; install coreutils in it" >&2
  exit 1
fi

us_fail() {
  echo "codebuild-hash-files: a file cannot be read" >&2
  exit 1
}

us_line='
'
us_sums=
us_batch=
us_size=0
# us_keep SUMS: the hashes out of what a program printed.
us_keep() {
  while IFS= read -r us_sum; do
    us_sums=$us_sums${us_sum%% *}$us_line
  done <<END
$1
END
}

us_flush() {
  [ -n "$us_batch" ] || return 0
  set -f
  IFS=$us_line
  # The names are split at line ends, and are no patterns.
  # shellcheck disable=SC2086
  us_out=$(us_sum $us_batch) || us_fail
  unset IFS
  set +f
  us_batch=
  us_size=0
  us_keep "$us_out"
}

us_take() {
  # A link that leads nowhere, or to a directory, has no content.
  [ -f "$1" ] || return 0
  case $1 in
    *"$us_line"* | *\\*)
      us_flush
      us_out=$(us_sum <"$1") || us_fail
      us_keep "$us_out"
      ;;
    *)
      us_batch=$us_batch${us_batch:+$us_line}./$1
      us_size=$((us_size + ${#1} + 3))
      [ "$us_size" -lt 60000 ] || us_flush
      ;;
  esac
}

cd "${CODEBUILD_SRC_DIR:?}" || exit 1
us_glob us_take "$@"
us_flush
if [ -z "$us_sums" ]; then
  echo "codebuild-hash-files: no files found for: $*" >&2
  exit 0
fi
us_out=$(printf %s "$us_sums" | us_sum) || us_fail
printf '%s\n' "${us_out%% *}"
