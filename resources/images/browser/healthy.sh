#!/bin/bash
# Health of the screen: the VNC server greets (RFB, RFC 6143 section 7.1.1), the X server answers, Chromium is there, and
# what it plays can be heard. Whoever only looks at it does not need that, so it comes last.
# bash, for its /dev/tcp.
set -eu

exec 3<>/dev/tcp/127.0.0.1/5900
IFS= read -r -t 5 -n 11 greeting <&3
exec 3>&-
case $greeting in
'RFB 003.'*) ;;
*)
  echo "what answers on port 5900 is no VNC server"
  exit 1
  ;;
esac
timeout 5 xdpyinfo >/dev/null || { echo "the X server does not answer"; exit 1; }
pgrep -x chromium >/dev/null || { echo "Chromium is not running"; exit 1; }

# One frame, which is four bytes; in silence too. There may be zeros in it, of which bash makes nothing.
exec 3<>/dev/tcp/127.0.0.1/4711 || { echo "there is no sound"; exit 1; }
LC_ALL=C timeout 5 head -c 4 <&3 | wc -c | grep -qx 4 || { echo "there is no sound"; exit 1; }
