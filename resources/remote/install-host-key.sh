#!/bin/sh
# install-host-key.sh: makes the private key on standard input (Ed25519, OpenSSH's format) the host key of the SSH server that
# this connection goes through, and has the server read it. Idempotent: the key is written beside and renamed, so that the
# server always has a whole one. Connections that stand go on. Needs root or sudo without a password.
# Prints key=value lines: path, installed, reloaded (systemd, signal), reason; end=yes last.
set -u
LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH

say() {
  printf '%s=%s\n' "$1" "$2"
}

give_up() {
  say installed no
  say reason "$1"
  say end yes
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n -- "$@"; fi
}

parent_of() {
  sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 2
}

# The listener is the outermost sshd above this shell. Its title keeps the arguments: "sshd: /usr/sbin/sshd -D -f FILE …".
listener=
at=$$
while at=$(parent_of "$at") && [ -n "$at" ] && [ "$at" -gt 1 ]; do
  case "$(tr '\0' ' ' <"/proc/$at/cmdline" 2>/dev/null)" in
    *sshd*) listener=$at ;;
    *) [ -z "$listener" ] || break ;;
  esac
done
title=
[ -z "$listener" ] || title=$(tr '\0' ' ' <"/proc/$listener/cmdline" 2>/dev/null)
config=$(printf '%s\n' "$title" | sed -n 's/.* -f \{0,1\}\([^ ]\{1,\}\).*/\1/p')
sshd=$(command -v sshd || printf /usr/sbin/sshd)

effective=$(as_root "$sshd" -T ${config:+-f "$config"} 2>/dev/null </dev/null)
keys=$(printf '%s\n' "$effective" | sed -n 's/^hostkey //p')
path=$(printf '%s\n' "$keys" | grep ed25519 | head -n 1)
[ -n "$path" ] || [ "$(printf '%s\n' "$keys" | grep -c .)" != 1 ] || path=$keys
[ -n "$path" ] || path=/etc/ssh/ssh_host_ed25519_key
say path "$path"

beside=$path.berth
# shellcheck disable=SC2016 # Expanded by the inner shell, as root.
as_root sh -c 'umask 077 && rm -f -- "$1" && cat >"$1"' sh "$beside" || give_up 'The key could not be written.'
public=$(as_root ssh-keygen -y -P '' -f "$beside" 2>/dev/null </dev/null)
case "$public" in
  'ssh-ed25519 '*) ;;
  *)
    as_root rm -f -- "$beside"
    give_up 'What came is no Ed25519 key.'
    ;;
esac
as_root mv -f -- "$beside" "$path" || give_up 'The key could not be put in its place.'
# shellcheck disable=SC2016 # Expanded by the inner shell, as root.
printf '%s\n' "$public" | as_root sh -c 'cat >"$1" && chmod 0644 "$1"' sh "$path.pub" ||
  give_up 'The public half could not be written.'
as_root "$sshd" -t ${config:+-f "$config"} </dev/null >/dev/null 2>&1 ||
  give_up 'The SSH server does not take the key.'
say installed yes

if [ -z "$config" ] && [ -d /run/systemd/system ] && {
  as_root systemctl reload ssh.service || as_root systemctl reload sshd.service
} >/dev/null 2>&1 </dev/null; then
  say reloaded systemd
elif [ -n "$listener" ] && as_root kill -HUP "$listener" </dev/null; then
  say reloaded signal
else
  say reason 'The SSH server could not be told to read its new key.'
  say end yes
  exit 1
fi
say end yes
