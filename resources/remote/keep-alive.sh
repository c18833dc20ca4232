#!/bin/sh
# keep-alive.sh STOP_SIGNAL [COMMAND...]
#
# First process of a workspace, under the engine's init. Runs the image's own command once and stays when that ends, so
# that a workspace is up whatever its image brings: a shell that ends without a terminal, a server that cannot start as an
# ordinary user, or no command at all. What went wrong is then in the logs, and a terminal can be opened to look.
# Asked to stop, it passes the image's own stop signal on and ends with the command's exit code.

stop_signal=$1
shift
child=
stopping=

stop() {
  stopping=yes
  [ -n "$child" ] || exit 0
  kill -s "$stop_signal" "$child" 2>/dev/null || kill "$child" 2>/dev/null
}
trap stop TERM INT HUP QUIT

if [ "$#" -gt 0 ]; then
  # A background command's input would be /dev/null: through another number it keeps ours, which the engine holds open, so
  # that a shell or interpreter as the image's command waits instead of ending.
  exec 3<&0
  (
    # When memory runs out, the image's command dies before this first process, and the workspace stays (proc(5)).
    { echo 700 >/proc/self/oom_score_adj; } 2>/dev/null
    exec "$@" <&3 3<&-
  ) &
  child=$!
  exec 3<&-
  wait "$child"
  code=$?
  # A trapped signal ends `wait` early; the command may take its time to stop.
  while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    code=$?
  done
  [ -z "$stopping" ] || exit "$code"
  child=
  echo "berth: the image's command ended with exit code $code; the workspace stays up" >&2
fi

while :; do
  sleep 86400 &
  child=$!
  stop_signal=TERM
  # 127: the image has no `sleep`. The input that the engine holds open blocks as well.
  wait "$child" || [ "$?" -ne 127 ] || read -r _ || exit 0
  [ -z "$stopping" ] || exit 0
done
