#!/bin/sh
# engine-socket.sh [SOCKET…]: finds the container engine's socket. Without arguments the usual places are looked at. Prints
# one fact a line, fields separated by tabs:
#   user NAME             who we are
#   socket PATH usable    a socket that we may use; the first one is the one to take
#   socket PATH denied GROUP
#   program NAME          docker, podman or socat: what could reach it where the server forwards no streams
set -u
user=$(id -un 2>/dev/null || id -u)
uid=$(id -u)
printf 'user\t%s\n' "$user"
if [ $# -eq 0 ]; then
  set -- /var/run/docker.sock /run/docker.sock "${XDG_RUNTIME_DIR:-/run/user/$uid}/docker.sock" \
    "/run/user/$uid/docker.sock" /run/podman/podman.sock "/run/user/$uid/podman/podman.sock"
fi
for path in "$@"; do
  [ -S "$path" ] || continue
  if [ -r "$path" ] && [ -w "$path" ]; then
    printf 'socket\t%s\tusable\n' "$path"
  else
    group=$(stat -c %G "$path" 2>/dev/null) || group=docker
    printf 'socket\t%s\tdenied\t%s\n' "$path" "$group"
  fi
done
for program in docker podman socat; do
  if command -v "$program" >/dev/null 2>&1; then printf 'program\t%s\n' "$program"; fi
done
