#!/bin/sh
# terminal-reader.sh LOG FROM [OLD-LOG FILE...]
#
# Runs on a host, one for each terminal that Berth shows: writes LOG from byte FROM on, and whatever is appended to it.
# Before that the end of OLD-LOG and the FILEs, which it removes; its first line says how long they are: `berth-reader
# SIZE...`. Each line that it is sent comes back on standard error with the size of LOG behind it: one round trip through
# the very stream that carries the terminal. It ends with its input. Exit status 75: byte FROM is not kept any more.
set -u
log=$1 from=$2 old=${3-}
recent=131072 # bytes of OLD-LOG
shift 2
[ $# -eq 0 ] || shift
: >>"$log"

first=0
if [ -e "$log.first" ]; then read -r first <"$log.first"; fi
[ "$from" -ge "$first" ] || exit 75

size_of() { stat -c %s "$1" 2>/dev/null || echo 0; }
sizes=
if [ -n "$old" ]; then
  size=$(size_of "$old")
  [ "$size" -le "$recent" ] || size=$recent
  sizes=" $size"
fi
for file in "$@"; do sizes="$sizes $(size_of "$file")"; done
printf 'berth-reader%s\n' "$sizes"
[ -z "$old" ] || [ "$size" -eq 0 ] || tail -c "$size" "$old"
[ -z "$old" ] || rm -f "$old" "$old.first" "$old.reader"
for file in "$@"; do
  if [ -e "$file" ]; then cat "$file"; fi
  rm -f "$file"
done

# The one before it, of a connection that was cut, may not have noticed yet.
if { read -r other <"$log.reader"; } 2>/dev/null && [ "$(readlink "/proc/$other/fd/3" 2>/dev/null)" = "$log" ]; then
  kill "$other" 2>/dev/null
fi
exec 4<&0
# -s: where inotify(7) has no more instances, tail looks that often.
tail -s 0.02 -c "+$((from + 1))" -f "$log" </dev/null 3<&- 4<&- &
tail=$!
printf '%s\n' "$tail" >"$log.reader"
# The questions are answered beside it. The end of either is the end of both: one that answers without a tail would say
# that the stream is well.
{
  while read -r word; do
    printf '%s %s\n' "$word" "$(stat -c %s "$log" 2>/dev/null || echo 0)" >&2
  done
  kill "$tail" 2>/dev/null
} <&4 &
answers=$!
exec 4<&-
wait "$tail" 2>/dev/null
kill "$answers" 2>/dev/null
exit 75
