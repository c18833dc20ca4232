#!/bin/bash
# Health of the screen: the VNC server greets (RFB, RFC 6143 section 7.1.1), the X server answers, and Chromium is there.
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
