#!/bin/sh
# marked-processes.sh list | marked-processes.sh end ID... | marked-processes.sh signal NAME ID
#
# Runs in a workspace, as its user. Every process that a terminal of Berth started carries BERTH_MARK=<ID>; in its
# environment; the engine has no verb to end them (a dropped exec runs on for ever).
#   list  prints the ids that have processes, one a line, each once.
#   end   ends the processes of these ids: SIGHUP and SIGCONT, then SIGKILL until none is left; prints how many there were.
#   signal  sends a signal to the process group of what was started under this id; prints to how many groups.
# A process belongs to an id when its environment says so, when it is in the session of one that does, or when its parent
# does. Walks /proc with the shell's own means: there may be no ps, no grep, and in a workspace that has used up its
# processes no way to start one.

# marks PID: sets $mark to the id in that process's environment. `read` drops the zero bytes between the variables, which is
# why the mark ends with a semicolon.
marks() {
  mark=
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    *BERTH_MARK=*)
      mark=${line#*BERTH_MARK=}
      mark=${mark%%;*}
      return 0
      ;;
    esac
  done 2>/dev/null <"/proc/$1/environ"
  return 1
}

# status PID: sets $state, $parent and $session. The name in parentheses may hold anything, so what counts is after the last ).
status() {
  text=
  while IFS= read -r line || [ -n "$line" ]; do
    text="$text $line"
  done 2>/dev/null <"/proc/$1/stat"
  [ -n "$text" ] || return 1
  rest=${text##*) }
  set -f
  # Split at blanks: state, parent, process group, session.
  # shellcheck disable=SC2086
  set -- $rest
  set +f
  state=$1 parent=$2 session=$4
}

list() {
  seen=' '
  for folder in /proc/[0-9]*; do
    marks "${folder#/proc/}" || continue
    case $seen in *" $mark "*) continue ;; esac
    seen="$seen$mark "
    printf '%s\n' "$mark"
  done
}

# find: sets $found to the pids of the wanted ids, between blanks.
find_processes() {
  found=' '
  sessions=' '
  others=
  for folder in /proc/[0-9]*; do
    pid=${folder#/proc/}
    [ "$pid" != "$$" ] || continue
    status "$pid" || continue
    # A zombie has ended; its parent only has not asked yet.
    [ "$state" != Z ] || continue
    if marks "$pid"; then
      case $wanted in
      *" $mark "*)
        found="$found$pid "
        sessions="$sessions$session "
        continue
        ;;
      esac
      # Marked as another terminal's: never ours, whatever its parent.
      continue
    fi
    others="$others $pid:$parent:$session"
  done
  # Children of found ones may stand before their parents: again until nothing is added.
  grew=yes
  while [ -n "$grew" ]; do
    grew=
    for entry in $others; do
      pid=${entry%%:*}
      parent=${entry#*:}
      session=${parent#*:}
      parent=${parent%%:*}
      case $found in *" $pid "*) continue ;; esac
      case "$sessions" in
      *" $session "*) ;;
      *) case $found in *" $parent "*) ;; *) continue ;; esac ;;
      esac
      found="$found$pid "
      grew=yes
    done
  done
}

end_processes() {
  wanted=" $* "
  ended=' '
  count=0
  round=0
  while [ "$round" -lt 60 ]; do
    find_processes
    [ "$found" != ' ' ] || break
    for pid in $found; do
      case $ended in
      *" $pid "*) ;;
      *)
        ended="$ended$pid "
        count=$((count + 1))
        ;;
      esac
      # A stopped process sees a hang-up only when it goes on; one that ignores both is ended.
      if [ "$round" -eq 0 ]; then
        kill -HUP "$pid" 2>/dev/null && kill -CONT "$pid" 2>/dev/null
      elif [ "$round" -gt 5 ]; then
        kill -KILL "$pid" 2>/dev/null
      fi
    done
    round=$((round + 1))
    # Time to go: a shell that saves its history needs some. Without `sleep`, or with one that knows whole seconds only, the
    # walk through /proc itself is the pause.
    [ "$round" -gt 6 ] || sleep 0.1 2>/dev/null || :
  done
  printf '%s\n' "$count"
  find_processes
  [ "$found" = ' ' ]
}

# What was started is the leader of a session and of a process group of its own.
send_signal() { # NAME ID
  count=0
  for folder in /proc/[0-9]*; do
    pid=${folder#/proc/}
    [ "$pid" != "$$" ] || continue
    status "$pid" && [ "$session" = "$pid" ] && [ "$state" != Z ] || continue
    marks "$pid" && [ "$mark" = "$2" ] || continue
    kill -s "$1" -- "-$pid" 2>/dev/null && count=$((count + 1))
  done
  printf '%s\n' "$count"
}

verb=$1
shift
case $verb in
list) list ;;
end) end_processes "$@" ;;
signal) send_signal "$@" ;;
*) exit 2 ;;
esac
