# The main process of a build with a Docker Engine of its own. It brings the engine up and runs the driver; afterwards it
# leaves in the engine's store what the next build of the project can use: images and their layers.
#
# us_daemon says how the engine comes up; the line before this one sets it. The arguments are the driver's. Reference §4.2.

us_self=/codebuild/readonly/nested.sh

# An engine needs control groups that it can write to. A privileged container has them; one that has only its list of
# capabilities is given the same mounts read-only. Mounts that are none, or are in order, are left as they are.
us_control_groups() {
  for us_mount in /sys /sys/fs/cgroup /sys/fs/cgroup/*/; do
    mount -o remount,bind,rw "${us_mount%/}" 2>/dev/null
  done
  # In the unified hierarchy a group that hands out controllers may hold no process: ours moves one further down.
  [ -f /sys/fs/cgroup/cgroup.controllers ] || return 0
  mkdir -p /sys/fs/cgroup/understudy && echo $$ >/sys/fs/cgroup/understudy/cgroup.procs || return 0
  for us_controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$us_controller" >/sys/fs/cgroup/cgroup.subtree_control || :
  done 2>/dev/null
}

us_answers() {
  if command -v docker >/dev/null 2>&1; then
    docker info >/dev/null 2>&1
  else
    [ -S /var/run/docker.sock ]
  fi
}

# Starts the engine as the curated images' entry point does, and waits for a minute at most.
us_start() {
  dockerd --host=unix:///var/run/docker.sock --host=tcp://127.0.0.1:2375 >/var/log/docker.log 2>&1 &
  us_tries=0
  until us_answers; do
    us_tries=$((us_tries + 1))
    if [ "$us_tries" -gt 300 ] || ! kill -0 $! 2>/dev/null; then
      tail -n 10 /var/log/docker.log >&2
      echo 'Timed out trying to connect to internal docker host.' >&2
      exit 1
    fi
    # Not every `sleep` knows fractions.
    sleep 0.2 2>/dev/null || { sleep 1 && us_tries=$((us_tries + 4)); }
  done
}

# Writes down what is pushed: the name, and in which repositories the image has which digest. It ends with the engine.
us_watch() {
  command -v docker >/dev/null 2>&1 || return 0
  docker events --filter type=image --filter event=push --format '{{.Actor.ID}}' 2>/dev/null |
    while read -r us_name; do
      us_digests=$(docker image inspect --format '{{range .RepoDigests}}{{.}} {{end}}' "$us_name" 2>/dev/null) &&
        echo "$us_name $us_digests" >>/codebuild/understudy/pushes
    done
}

# Removes what a build made besides images: its containers, volumes and networks.
us_tidy() {
  command -v docker >/dev/null 2>&1 || return 0
  us_left=$(docker ps --all --quiet) && [ -n "$us_left" ] && docker rm --force --volumes $us_left
  us_left=$(docker volume ls --quiet) && [ -n "$us_left" ] && docker volume rm --force $us_left
  us_left=$(docker network ls --quiet --filter type=custom) && [ -n "$us_left" ] && docker network rm $us_left
} >/dev/null 2>&1

# The engine writes its store in order when it is asked to end.
us_stop() {
  read -r us_pid </var/run/docker.pid && kill -TERM "$us_pid" || return 0
  us_tries=0
  while kill -0 "$us_pid" && [ "$us_tries" -lt 50 ]; do
    us_tries=$((us_tries + 1))
    sleep 0.1 || sleep 1
  done
} 2>/dev/null

# Where layers are kept, there are these directories.
us_kept=/codebuild/layers/kept
us_new=/codebuild/layers/new

us_images() {
  docker images --all --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort -u
}

# An engine without images is given those of an earlier build.
us_load() {
  [ -d "$us_kept/archive" ] && [ -z "$(us_images)" ] || return 0
  tar -C "$us_kept/archive" -cf - . | docker load
} >/dev/null 2>&1

# Leaves all images, if they are others than those that were kept. In one archive they keep their chain of parents, by which
# `docker build` finds its steps again. A list is left last: without it, there is no archive.
us_save() {
  [ -d "$us_new" ] && command -v docker >/dev/null 2>&1 || return 0
  us_images >"$us_new/.images"
  if [ -s "$us_new/.images" ] && ! cmp -s "$us_new/.images" "$us_kept/images"; then
    mkdir "$us_new/archive" &&
      docker save $(sed 's/ .*//' "$us_new/.images") $(sed 's/.* //; /<none>/d' "$us_new/.images") |
      tar -C "$us_new/archive" -xf - && [ -f "$us_new/archive/manifest.json" ] && mv "$us_new/.images" "$us_new/images"
  fi
  [ -f "$us_new/images" ] || rm -rf "$us_new/archive" "$us_new/.images"
  # Whoever runs the build must be able to put it away.
  [ -z "$1" ] || chown -R "$1" "$us_new"
} >/dev/null 2>&1

# With the engine up.
us_build() {
  # Whoever stops the build sends TERM to every process. The driver ends by itself, and the engine by the same signal.
  trap : TERM INT HUP
  us_watch &
  # An earlier build may have been cut off.
  us_tidy
  us_load
  # The driver ends what its commands left running; the engine and this shell are not among them.
  us_spared=
  for us_process in /proc/[0-9]*; do us_spared="$us_spared ${us_process#/proc/}"; done
  /bin/sh /codebuild/readonly/driver.sh "$1" "$2" "$3" "$us_spared"
  us_status=$?
  us_tidy
  # Somebody who stops the build does not wait for layers.
  [ "$us_status" -ne 0 ] || [ -e /codebuild/understudy/stop ] || us_save "$3"
  us_stop
  exit "$us_status"
}

if [ "$1" = up ]; then
  shift
  us_build "$@"
fi
us_control_groups
case $us_daemon in
  # It evaluates its arguments, so that they have to be words of the shell.
  entry-point) exec /usr/local/bin/dockerd-entrypoint.sh "/bin/sh $us_self up '$1' '$2' '$3'" ;;
  dockerd)
    us_start
    us_build "$@"
    ;;
  absent) exec /bin/sh /codebuild/readonly/driver.sh "$@" ;;
esac
