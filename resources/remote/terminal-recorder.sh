#!/bin/sh
# terminal-recorder.sh LOG PANE
#
# Runs on a host under tmux's pipe-pane: appends what the program in PANE writes to LOG, as it comes, so that a reader
# whose connection was cut can go on at the byte where it stopped. The beginning of a long log is given back to the disk
# (its bytes become a hole); LOG.first says how many bytes those are. LOG.reader names the process that reads LOG.
# A reader that falls far behind holds the program up, as a slow terminal does: tmux then reads no more of PANE. Whoever
# is attached with a terminal of their own is not held up; then the reader loses its place and begins anew.
set -u
log=$1 pane=$2
keep=16777216     # bytes of LOG that stay
slack=4194304     # bytes more, before the beginning is given back
far_behind=4194304 near=1048576

on_server() { tmux -L berth "$@" </dev/null; }

# The reader's position, from proc(5); false when nobody reads.
reader=
find_reader() {
  reader=
  { read -r reader <"$log.reader"; } 2>/dev/null || return 1
  [ -n "$reader" ] && [ "$(readlink "/proc/$reader/fd/3" 2>/dev/null)" = "$log" ]
}
position=0
read_position() {
  while read -r name value; do
    [ "$name" = pos: ] || continue
    position=$value
    return 0
  done 2>/dev/null <"/proc/$reader/fdinfo/3"
  return 1
}

# Flow control of tmux: a pane that every attached client has turned off is read no more (refresh-client -A).
is_held=
hold() { # on|off; false where somebody is attached who cannot be held up
  clients=$(on_server list-clients -F '#{client_control_mode} #{client_name}' 2>/dev/null) || return 1
  [ -n "$clients" ] || return 1
  case $clients in 0\ * | *"
0 "*) [ "$1" = on ] || return 1 ;; esac
  printf '%s\n' "$clients" | while read -r is_control name; do
    [ "$is_control" = 1 ] && on_server refresh-client -t "$name" -A "$pane:$1" 2>/dev/null
  done
  if [ "$1" = off ]; then is_held=yes; else is_held=; fi
  return 0
}
trap '[ -z "$is_held" ] || hold on' EXIT

# Opened once: a terminal that ends has its record removed, and to open it again would make another that nobody removes.
exec 3>>"$log"
# It may have ended, and its record been removed, before this began.
answer=$(on_server has-session -t "$pane" 2>&1) || case $answer in
  *"can't find"*)
    rm -f "$log"
    exit 0
    ;;
esac
size=$(stat -c %s "$log" 2>/dev/null) || exit 1
first=0
while :; do
  before=$size
  # Each read is written at once; the count only bounds how long nobody looks at the size.
  dd bs=65536 count=64 2>/dev/null >&3 || exit 1
  size=$(stat -c %s "$log") || exit 1
  [ "$size" -gt "$before" ] || break
  [ $((size - first)) -gt "$far_behind" ] || continue

  if find_reader && read_position && [ $((size - position)) -gt "$far_behind" ] && hold off; then
    pause=0.01 looks=0
    while find_reader && read_position && [ $((size - position)) -gt "$near" ]; do
      sleep "$pause"
      # Who attaches meanwhile sets the pane going again, and tmux would keep for us what we do not read.
      looks=$(((looks + 1) % 10))
      [ "$looks" -ne 0 ] || hold off || break
      # A reader that stands still is looked at less often.
      [ "$position" = "${seen:-}" ] && pause=0.1 || pause=0.01
      seen=$position
    done
    hold on
  fi

  if [ $((size - first)) -gt $((keep + slack)) ]; then
    next=$(((size - keep) / 4096 * 4096))
    # What it has not read yet goes away: it must not take the hole for output.
    if find_reader && read_position && [ "$position" -lt "$next" ]; then kill "$reader" 2>/dev/null; fi
    printf '%s\n' "$next" >"$log.first.new" && mv "$log.first.new" "$log.first"
    fallocate -p -o "$first" -l $((next - first)) "$log" || exit 1
    first=$next
  fi
done
exit 0
