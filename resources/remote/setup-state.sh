#!/bin/sh
# setup-state.sh MARK: how far the set-up of a machine is (resources/cloud/setup.sh, run by cloud-init). Prints key=value lines:
#   client      address that this connection comes from, as this machine sees it
#   cloud_init  running, done, degraded (done, with warnings), error, or absent
#   step        what the set-up is at
#   finished    yes: the set-up of this MARK came to its end
#   failed      why it gave up
#   docker      version of the engine that answers, to this user
#   warning1…   what a host can live without; tail1…  the log's last lines, where something failed
#   end         yes: this is all
# Changes nothing. Waits for nothing: whoever asks comes again.
set -u
LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH

mark=${1:-}
state=/var/lib/berth

say() {
  printf '%s=%s\n' "$1" "$2"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n -- "$@"; fi </dev/null 2>/dev/null
}

first_line() {
  [ -r "$1" ] && head -n 1 "$1" 2>/dev/null
}

numbered() { # KEY; one line of input each
  number=0
  while IFS= read -r line; do
    number=$((number + 1))
    say "$1$number" "$line"
  done
}

client=${SSH_CONNECTION:-}
client=${client%% *}
case "$client" in ::ffff:*.*) client=${client#::ffff:} ;; esac
say client "$client"

cloud_init=absent
if command -v cloud-init >/dev/null 2>&1; then
  told=$(timeout 20 cloud-init status 2>/dev/null </dev/null)
  code=$?
  case "$told" in
    *'status: done'* | *'status: degraded'*) if [ "$code" = 2 ]; then cloud_init=degraded; else cloud_init='done'; fi ;;
    *'status: error'*) cloud_init=error ;;
    *'status: disabled'*) cloud_init=absent ;;
    *) cloud_init=running ;;
  esac
fi
say cloud_init "$cloud_init"
say step "$(first_line "$state/setup.step")"
failed=$(first_line "$state/setup.failed")
say failed "$failed"
if [ -n "$mark" ] && [ "$(first_line "$state/setup.done")" = "$mark" ]; then say finished yes; else say finished no; fi
say docker "$(timeout 20 docker version --format '{{.Server.Version}}' 2>/dev/null </dev/null)"

{
  head -n 10 "$state/setup.warnings" 2>/dev/null
  if [ "$cloud_init" = degraded ]; then as_root grep -F WARNING /var/log/cloud-init.log | tail -n 5; fi
} | numbered warning

if [ -n "$failed" ] || [ "$cloud_init" = error ]; then
  {
    as_root tail -n 5 /var/log/cloud-init-output.log
    as_root tail -n 20 /var/log/berth-setup.log
  } | numbered tail
fi
say end yes
