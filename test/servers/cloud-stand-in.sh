#!/bin/sh
# What a rented machine of the tests has in the place of systemctl, service, swapon, swapoff and sysctl (by the name that
# it is called by). There is no systemd: the services are those that remote-host.sh supervises. Swap and kernel settings
# belong to the machine that the tests run on: they are taken note of, and left alone.
set -eu
control=/run/berth-host
name=$(basename "$0")
printf '%s %s\n' "$name" "$*" >>/var/log/stand-ins.log

pid_file() {
  case $1 in
  ssh | sshd) echo /run/sshd.pid ;;
  docker) echo /run/docker.pid ;;
  containerd) echo /run/containerd.none ;;
  *) return 1 ;;
  esac
}
off_file() {
  case $1 in
  ssh | sshd) echo "$control/sshd.off" ;;
  docker) echo "$control/engine.off" ;;
  containerd) echo "$control/containerd.off" ;;
  esac
}
pid_of() { cat "$(pid_file "$1")" 2>/dev/null || true; }
is_active() {
  pid=$(pid_of "$1")
  [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null
}
answers() {
  case $1 in
  docker) docker version >/dev/null 2>&1 ;;
  ssh | sshd) is_active ssh ;;
  *) true ;;
  esac
}
await() {
  tries=0
  until answers "$1"; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { echo "$1 does not answer" >&2; exit 1; }
    sleep 0.1
  done
}
stop() {
  : >"$(off_file "$1")"
  pid=$(pid_of "$1")
  [ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null || return 0
  tries=0
  while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 200 ]; do
    tries=$((tries + 1))
    sleep 0.05
  done
}
start() {
  rm -f "$(off_file "$1")"
  await "$1"
}

act() { # VERB UNIT
  unit=${2%.service}
  unit=${unit%.socket}
  if ! pid_file "$unit" >/dev/null; then
    case $1 in
    is-active | is-enabled | status) exit 3 ;;
    *) return 0 ;;
    esac
  fi
  case $1 in
  restart | try-restart | reload-or-restart | force-reload)
    # Before cloud-init has come so far, nothing listens that could be restarted.
    if is_active "$unit"; then
      stop "$unit"
      start "$unit"
    fi
    ;;
  reload | reload-or-try-restart) pid=$(pid_of "$unit"); [ -z "$pid" ] || kill -HUP "$pid" ;;
  start) start "$unit" ;;
  stop) stop "$unit" ;;
  status | is-active) if is_active "$unit"; then echo active; else echo inactive; exit 3; fi ;;
  is-enabled) echo enabled ;;
  *) ;;
  esac
}

case $name in
systemctl)
  verb='' now=no units=''
  for word in "$@"; do
    case $word in
    --now) now=yes ;;
    -*) ;;
    *) if [ -z "$verb" ]; then verb=$word; else units="$units $word"; fi ;;
    esac
  done
  case $verb in
  is-system-running) echo running; exit 0 ;;
  enable) [ "$now" = no ] || verb=start ;;
  disable | mask) [ "$now" = no ] || verb=stop ;;
  esac
  for unit in $units; do act "$verb" "$unit"; done
  ;;
service) act "${2:-status}" "$1" ;;
*) ;;
esac
