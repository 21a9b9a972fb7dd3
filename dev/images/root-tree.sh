# shellcheck shell=bash
# The root directory of an image without a distribution: busybox as every ordinary program. Sourced by the recipes.

# busybox_tree DIRECTORY
busybox_tree() {
  local root=$1 applet
  mkdir -p "$root"/{bin,dev,etc,home,proc,root,run,sys,tmp,usr/bin,usr/local/bin,var/tmp}
  chmod 1777 "$root/tmp" "$root/var/tmp"
  cp "$(command -v busybox)" "$root/bin/busybox"
  for applet in $(busybox --list); do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
  done
  ln -s ../../bin/busybox "$root/usr/bin/env" # The one absolute path that scripts rely on, besides /bin/sh.
  printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'node:x:1000:1000::/home:/bin/sh' 'nobody:x:65534:65534::/:/bin/false' >"$root/etc/passwd"
  printf '%s\n' 'root:x:0:' 'node:x:1000:' 'nogroup:x:65534:' >"$root/etc/group"
}

# import_tree DIRECTORY IMAGE DOCKERFILE-INSTRUCTION...
import_tree() {
  local root=$1 image=$2 instruction changes=()
  shift 2
  for instruction in "$@"; do changes+=(--change "$instruction"); done
  tar -C "$root" --owner=0 --group=0 -c . |
    docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "${changes[@]}" - "$image"
}
