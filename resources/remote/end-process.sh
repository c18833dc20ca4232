#!/bin/sh
# end-process.sh PID [START-TIME]: ends the process group that PID leads and the group in the foreground of its terminal,
# first with SIGHUP and SIGTERM, after two seconds with SIGKILL. START-TIME (field 22 of /proc/PID/stat) guards against a
# number that another process has by now. Jobs in other groups (nohup, a multiplexer) are left alone.
set -u
pid=$1 start=${2-}

field() { # N of the fields after the name in /proc/PID/stat (proc(5)); the state is 1
  stat=
  { read -r stat </proc/"$pid"/stat; } 2>/dev/null || return 1
  # shellcheck disable=SC2086 # split on purpose
  set -- "$1" ${stat##*) }
  shift "$1"
  printf '%s' "$1"
}

foreground=
if [ -d /proc/self ]; then
  [ -d /proc/"$pid" ] || exit 0
  [ -z "$start" ] || [ "$(field 20)" = "$start" ] || exit 0
  foreground=$(field 6) || foreground=
  case $foreground in -1 | 0 | "$pid" | '') foreground= ;; esac
fi

send() { # SIGNAL to both groups; true while one of them lives
  alive=1
  for group in "$pid" $foreground; do
    kill -s "$1" -- "-$group" 2>/dev/null && alive=0
  done
  return "$alive"
}

send HUP || exit 0
send TERM
# A stopped job acts on a signal only when it goes on.
send CONT
tries=0
while [ "$tries" -lt 20 ]; do
  send 0 || exit 0
  tries=$((tries + 1))
  sleep 0.1 2>/dev/null || { sleep 1; tries=$((tries + 9)); }
done
send KILL
exit 0
