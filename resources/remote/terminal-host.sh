#!/bin/sh
# terminal-host.sh RECORDER-TEXT
#
# Becomes a control client (tmux(1), CONTROL MODE) of Berth's own tmux server, which it starts if need be. Before that it
# writes one line: `berth-terminals KEY=VALUE...`, or `berth-none REASON` when
# terminals cannot outlive their connection here. The server ends by itself with its last session.
set -u
# The environment is that of every shell to come: only what is missing in PATH is added, and no locale is set.
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
export PATH

none() {
  printf 'berth-none %s\n' "$*"
  exit 0
}
command -v tmux >/dev/null 2>&1 || none tmux-missing
version=$(tmux -V 2>/dev/null) || none tmux-missing
version=${version#tmux }
number=${version#next-}
major=${number%%.*} minor=${number#*.}
minor=${minor%%[!0-9]*}
case $major in '' | *[!0-9]*) major=0 ;; esac
{ [ "$major" -gt 3 ] || { [ "$major" -eq 3 ] && [ "${minor:-0}" -ge 2 ]; }; } || none tmux-old "$version"
[ -r /proc/self/fdinfo/0 ] || none no-proc
for program in fallocate tail dd stat readlink; do
  command -v "$program" >/dev/null 2>&1 || none "program-missing $program"
done

umask 077
folder=${XDG_STATE_HOME:-${HOME:-/nonexistent}/.local/state}/berth/terminals
mkdir -p "$folder" 2>/dev/null && folder=$(cd "$folder" && pwd -P) || none folder "$folder"
# These stand in a command line of tmux, which replaces more than a shell does.
case $folder in *[!A-Za-z0-9/._@+-]*) none "folder $folder" ;; esac
trial=$folder/trial.$$
printf '0123456789' >"$trial" 2>/dev/null || none "folder $folder"
# Giving the beginning of a file back to the disk: ext4, XFS, Btrfs, ZFS and tmpfs can (fallocate(2)).
refusal=$(fallocate -p -o 0 -l 4096 "$trial" 2>&1) || refusal=${refusal:-unknown}
# BusyBox has programs of these names that know less.
tail -s 0.02 -c +1 "$trial" >/dev/null 2>&1
is_tail_good=$?
# Until this process, and the client that it becomes, is gone; tail of BusyBox does not wait for one.
hold="exec /bin/sh -c 'while kill -0 $$; do sleep 2; done' 2>/dev/null"
! tail --pid=$$ -c +1 "$trial" >/dev/null 2>&1 || hold="exec tail --pid=$$ -f /dev/null"
rm -f "$trial"
case $refusal in
  '') ;;
  *option*) none program-old fallocate ;;
  *) none "no-punch-hole $folder" ;;
esac
[ "$is_tail_good" -eq 0 ] || none program-old tail
# By its content, so that a recorder that runs keeps the text it was started with.
text=$1
sum=$(printf '%s' "$text" | cksum)
recorder=$folder/recorder-${sum%% *}.sh
if [ ! -s "$recorder" ]; then
  printf '%s' "$text" >"$recorder.$$" 2>/dev/null && mv "$recorder.$$" "$recorder" || none "folder $folder"
fi
docker=
for program in docker podman; do
  [ -n "$docker" ] || docker=$(command -v "$program" 2>/dev/null)
done

printf 'berth-terminals version=%s recorder=%s docker=%s\n' "$version" "$recorder" "$docker"
# A session for this client to be attached to, which ends with it: not by destroy-unattached, at which tmux 3.3a takes the
# session from a client that has words to write yet, looks for its window, and falls with every terminal there is.
exec tmux -u -L berth -f /dev/null -C new-session -s "berth-hold-$$" -x 80 -y 24 "$hold" ';' \
  set-option -w remain-on-exit off
