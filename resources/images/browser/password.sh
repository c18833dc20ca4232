#!/bin/sh
# berth-screen-password: what PAM asks in the VNC server's name. Exit code 0 if standard input is the password of the screen,
# with nothing after it but the zero byte that some versions of PAM send.
set -eu

for file in /dev/shm/berth-screen.*/password; do
  if tr -d '\000' | cmp -s - "$file"; then exit 0; else exit 1; fi
done
