#!/bin/sh
# children-of.sh PID: says which processes PID started and has not seen end, a number a line (proc(5), or ps(1)).
set -u
pid=$1
{ read -r children <"/proc/$pid/task/$pid/children"; } 2>/dev/null ||
  children=$(ps -o pid= --ppid "$pid" 2>/dev/null)
for child in $children; do printf '%s\n' "$child"; done
exit 0
