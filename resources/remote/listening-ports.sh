#!/bin/sh
# listening-ports.sh ports [PID CONTAINER]...: which TCP ports something listens on in the networks of these containers. PID is
#   of a process of the container. For each a line `container=CONTAINER`, then lines of /proc/PID/net/tcp and tcp6 (proc(5)),
#   or `unreadable` where the process cannot be seen from here, or is another one's by now.
# listening-ports.sh programs CONTAINER...: whose sockets they are, a line `program=INODE NAME` each, as far as this login may
#   look (with root's eyes where it is root, or sudo(8) asks for no password).
# Reads only. The last line is `end=yes`.
set -u
LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH

# The kernel tells sockets that listen (0A) first, so that the table of a busy server is not read to its end.
listening() {
  awk 'NR > 1 { if ($4 != "0A") exit; print }' "$1" 2>/dev/null
}

ports() {
  while [ $# -ge 2 ]; do
    printf 'container=%s\n' "$2"
    if [ -r "/proc/$1/net/tcp" ] && grep -qF "$2" "/proc/$1/cgroup" 2>/dev/null; then
      listening "/proc/$1/net/tcp"
      listening "/proc/$1/net/tcp6"
    else
      printf 'unreadable\n'
    fi
    shift 2
  done
}

as_root() {
  if [ "$privilege" = sudo ]; then sudo -n -- "$@"; else "$@"; fi
}

# A process of the container: the name of its program, then what its open files lead to.
programs() {
  privilege=own
  [ "$(id -u)" = 0 ] || ! sudo -n true >/dev/null 2>&1 </dev/null || privilege=sudo
  for container in "$@"; do
    for file in $(as_root grep -lF "$container" /proc/[0-9]*/cgroup 2>/dev/null); do
      process=${file%/cgroup}
      name=$(as_root readlink "$process/exe" 2>/dev/null)
      name=${name##*/}
      [ -n "$name" ] || name=$(cat "$process/comm" 2>/dev/null)
      as_root ls -l "$process/fd" 2>/dev/null |
        NAME=$name awk 'match($0, /socket:\[[0-9]+\]$/) { print "program=" substr($0, RSTART + 8, RLENGTH - 9) " " ENVIRON["NAME"] }'
    done
  done | tr -d '\000-\011\013-\037\177'
}

case ${1-} in
  ports)
    shift
    ports "$@"
    ;;
  programs)
    shift
    programs "$@"
    ;;
esac
printf 'end=yes\n'
