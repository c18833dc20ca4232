#!/bin/sh
# open-terminal.sh SHELL...
#
# Runs in a workspace on a new terminal: becomes the first of the shells that exists. Writes one zero byte before that, by
# which Berth knows that what follows is the shell's; without it, what follows is the reason why there is none.

# When the workspace runs out of memory, what was started here dies before the workspace's first process (proc(5)).
{ echo 800 >/proc/self/oom_score_adj; } 2>/dev/null

start() { # PROGRAM, unless there is none
  [ -f "$1" ] && [ -x "$1" ] || return 1
  printf '\000'
  exec "$1"
}

for candidate in "$@"; do
  case $candidate in
  /*) start "$candidate" ;;
  -* | */*) ;;
  *)
    # Not `command -v`: BusyBox answers with the bare names of what it has built in.
    set -f
    IFS=:
    for folder in $PATH; do start "$folder/$candidate"; done
    unset IFS
    set +f
    ;;
  esac
done
echo "none of these shells is in the image: $*"
exit 127
