#!/bin/sh
# berth-screen: an X server that VNC shows, a window manager, noVNC, sound, and Chromium, each started again when it ends.
#
#   VNC_PW              the password of the screen; or VNC_PW_FILE: a file that holds it
#   SCREEN_SIZE         as 1280x800, until a viewer asks for another size
#   CHROMIUM_START_URL  what the first window shows; without it, the pages that were open before
#
# The password is asked for whole (VeNCrypt, type Plain, for any user name): the VNC protocol's own question, which more
# viewers know, looks at eight characters (RFC 6143, section 7.2.2). It travels as it is, over the container's loopback alone
# and what Berth makes of it: SSH.
# Ends with exit code 0 on SIGTERM, once Chromium has written its profile.
set -eu

display=:1
rfb_port=5900
web_port=6080
sound_port=4711
password=${VNC_PW-}
if [ -z "$password" ] && [ -n "${VNC_PW_FILE-}" ]; then password=$(head -n 1 "$VNC_PW_FILE"); fi
if [ -z "$password" ]; then
  echo 'berth-screen: there is no password in VNC_PW or VNC_PW_FILE, and nobody is shown a screen without one' >&2
  exit 1
fi
# Programs that are started here, and pages in them, have no business with it.
unset VNC_PW VNC_PW_FILE FILE__VNC_PW

if [ "${#password}" -lt 6 ]; then
  echo 'berth-screen: the password has fewer than six characters, which is no password' >&2
  exit 1
fi

# Memory, not the volume. berth-screen-password finds it there: PAM hands no environment on.
rm -rf /dev/shm/berth-screen.*
scratch=$(mktemp -d /dev/shm/berth-screen.XXXXXX)
(umask 077 && printf '%s' "$password" >"$scratch/password")
password=

started=
stopping=

# Runs a program again and again. One that ends at once waits longer and longer, up to half a minute.
keep_running() { # NAME COMMAND...
  name=$1
  shift
  pause=1
  child=
  trap 'stopping=yes; [ -z "$child" ] || kill "$child" 2>/dev/null || :' TERM
  while [ -z "$stopping" ]; do
    begun=$(date +%s)
    "$@" &
    child=$!
    code=0
    wait "$child" || code=$?
    # A trapped signal ends the first wait; Chromium takes its time to write its profile.
    while kill -0 "$child" 2>/dev/null; do wait "$child" || code=$?; done
    child=
    [ -z "$stopping" ] || break
    if [ $(($(date +%s) - begun)) -gt 10 ]; then pause=1; fi
    echo "berth-screen: $name ended with exit code $code; it starts again in $pause s" >&2
    sleep "$pause" &
    child=$!
    wait "$child" || :
    child=
    pause=$((pause * 2))
    [ "$pause" -le 30 ] || pause=30
  done
  exit 0
}

x_server() {
  # What a server that was killed has left; this display is nobody else's.
  rm -f "/tmp/.X${display#:}-lock" "/tmp/.X11-unix/X${display#:}"
  [ -d /tmp/.X11-unix ] || mkdir -m 1777 /tmp/.X11-unix
  # UseBlacklist would lock out 127.0.0.1 after a few wrong passwords, or a few looks at whether the port is open: everybody.
  exec Xtigervnc "$display" -rfbport "$rfb_port" -localhost -SecurityTypes Plain -PlainUsers '*' -PAMService berth-screen \
    -UseBlacklist=0 -AlwaysShared -AcceptSetDesktopSize -geometry "${SCREEN_SIZE:-1280x800}" -depth 24 \
    -desktop Berth -nolisten tcp -Log '*:stderr:0'
}

# Programs of the screen come when it is there, and end with it.
after_x() {
  until xdpyinfo >/dev/null 2>&1; do sleep 0.2; done
  exec "$@"
}

chromium_options() {
  # Its sandbox is made of user namespaces, which Docker's seccomp profile keeps from containers that may do nothing else
  # either (no capability, no new privileges); without them Chromium does not start. Then the container is the only wall
  # between a page and this workspace's files. Where the host lets them through, the sandbox stays on.
  unshare --user --map-root-user --pid --net --fork true 2>/dev/null || echo --no-sandbox
  # With Docker's default of 64 MiB tabs would crash; files in /tmp are slower.
  [ "$(df -k /dev/shm | awk 'NR == 2 { print $2 }')" -ge 262144 ] || echo --disable-dev-shm-usage
}

browser() {
  profile=$HOME/.config/chromium
  mkdir -p "$profile"
  # They name the host and process that had the profile, which may have been another container. No other one runs here.
  rm -f "$profile"/Singleton*
  sound_or_not
  # shellcheck disable=SC2046 # each option is a word
  set -- $(chromium_options) --user-data-dir="$profile" --no-first-run --no-default-browser-check \
    --password-store=basic --start-maximized --hide-crash-restore-bubble --disable-gpu --log-level=3
  if [ -n "${CHROMIUM_START_URL-}" ]; then set -- "$@" "$CHROMIUM_START_URL"; else set -- "$@" --restore-last-session; fi
  after_x chromium "$@"
}

# Chromium plays into a sink that is no device; what it plays is read from the port, from now on, by whoever connects.
# Nothing can be played or recorded through that port, and a page of Chromium's gets nothing from it: it speaks no HTTP.
# A reader that stops reading is held 5 s by PulseAudio and some seconds by its socket, and then misses what is played.
# norewinds: in blocks of 50 ms, instead of up to two seconds.
sound() {
  # Chromium's own audio service stays without the one that ended. Chromium starts it again when something plays.
  pkill -f -- --utility-sub-type=audio.mojom.AudioService || :
  exec pulseaudio -n --daemonize=no --use-pid-file=no --exit-idle-time=-1 --disallow-exit=yes --disallow-module-loading=yes \
    --realtime=no --high-priority=no --disable-shm=yes --log-target=stderr --log-level=error \
    -L "module-null-sink sink_name=screen format=s16le rate=48000 channels=2 norewinds=1" \
    -L "module-native-protocol-unix auth-anonymous=1 auth-cookie-enabled=0 socket=$sound_socket" \
    -L "module-simple-protocol-tcp listen=127.0.0.1 port=$sound_port playback=0 record=1 source=screen.monitor format=s16le rate=48000 channels=2"
}

# Chromium asks for sound once, when it first plays. Without any it is still a browser.
sound_or_not() {
  tries=0
  until [ -S "$sound_socket" ] || [ "$tries" -ge 50 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
}

web() { exec websockify --web /usr/share/novnc "127.0.0.1:$web_port" "127.0.0.1:$rfb_port"; }
window_manager() { after_x openbox --config-file /etc/xdg/openbox/rc.xml; }

export DISPLAY="$display"
# Where PulseAudio and its clients look for each other; without PULSE_SERVER a client would start one of its own.
export XDG_RUNTIME_DIR="$scratch"
sound_socket=$scratch/pulse/native
export PULSE_SERVER="unix:$sound_socket" PULSE_COOKIE="$scratch/pulse/cookie" PULSE_STATE_PATH="$scratch/pulse"
mkdir -m 700 "$scratch/pulse"
stop() {
  stopping=yes
  # The browser first, while it has a screen; then what it stood on.
  kill "$browser_pid" 2>/dev/null || :
}
(keep_running 'the X server' x_server) &
started=$!
(keep_running 'the window manager' window_manager) &
started="$started $!"
(keep_running noVNC web) &
started="$started $!"
(keep_running 'the sound' sound) &
started="$started $!"
(keep_running Chromium browser) &
browser_pid=$!
trap stop TERM INT HUP

while kill -0 "$browser_pid" 2>/dev/null; do wait "$browser_pid" || :; done
# shellcheck disable=SC2086 # process numbers
kill $started 2>/dev/null || :
wait
rm -rf "$scratch"
