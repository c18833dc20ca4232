#!/bin/sh
# doctor.sh ROOT_FOLDER [SOCKET]: what Berth's doctor wants to know of a host, as key=value lines.
#   ROOT_FOLDER  the engine's root folder ("" = not known)
#   SOCKET       the engine's socket, where the person named one
# Reads only. Uses sudo only where it asks for no password. A line is missing where the answer is not known.
set -u
LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH

say() {
  [ -z "$2" ] || printf '%s=%s\n' "$1" "$2"
}

has() {
  command -v "$1" >/dev/null 2>&1
}

privilege() {
  if [ "$(id -u)" = 0 ]; then
    printf root
  elif has sudo && sudo -n true >/dev/null 2>&1 </dev/null; then
    printf sudo
  else
    printf none
  fi
}

as_root() { # fails where that needs a password
  case $privilege in
    root) "$@" ;;
    sudo) sudo -n -- "$@" ;;
    *) return 1 ;;
  esac </dev/null 2>/dev/null
}

os_release() {
  for file in /etc/os-release /usr/lib/os-release; do
    [ -r "$file" ] || continue
    sed -n "s/^$1=//p" "$file" | tr -d "\"'" | head -n 1
    return
  done
}

machine() {
  say os.id "$(os_release ID)"
  say os.like "$(os_release ID_LIKE)"
  say os.version "$(os_release VERSION_ID)"
  say os.name "$(os_release PRETTY_NAME)"
  say kernel "$(uname -r)"
  say architecture "$(uname -m)"
  say user "$(id -un 2>/dev/null)"
  say privilege "$privilege"
  has systemctl && say has_systemd yes
  # Seconds since 1970: date(1) of POSIX knows no %s, every system that runs containers does.
  say clock "$(date +%s)"
  has timedatectl && say clock_synchronised "$(timedatectl show -p NTPSynchronized --value 2>/dev/null </dev/null)"
  case $(stat -fc %T /sys/fs/cgroup 2>/dev/null) in
    cgroup2fs) say cgroup 2 ;;
    tmpfs) say cgroup 1 ;;
  esac
}

disk() { # of a folder or the nearest parent that can be looked at
  folder=$1
  while [ -n "$folder" ] && [ "$folder" != / ] && ! df -Pk -- "$folder" >/dev/null 2>&1; do
    folder=${folder%/*}
  done
  folder=${folder:-/}
  say disk.folder "$folder"
  df -Pk -- "$folder" 2>/dev/null | awk 'NR == 2 {
    printf "disk.total_bytes=%.0f\ndisk.free_bytes=%.0f\n", $2 * 1024, $4 * 1024 }'
  # Some file systems (btrfs) have no fixed number of inodes and say 0 or "-".
  df -Pi -- "$folder" 2>/dev/null | awk 'NR == 2 && $2 + 0 > 0 {
    printf "disk.total_inodes=%.0f\ndisk.free_inodes=%.0f\n", $2, $4 }'
}

engine_socket() {
  for socket in "$1" "/run/user/$(id -u)/docker.sock" /var/run/docker.sock /run/docker.sock \
    "/run/user/$(id -u)/podman/podman.sock" /run/podman/podman.sock; do
    [ -S "$socket" ] || continue
    say socket.path "$socket"
    # shellcheck disable=SC2012 # one known file; stat(1) has no common form
    say socket.mode "$(ls -lnd "$socket" | cut -c 1-10)"
    # shellcheck disable=SC2012
    say socket.group "$(ls -ld "$socket" | awk '{ print $4 }')"
    if [ -r "$socket" ] && [ -w "$socket" ]; then say socket.usable yes; else say socket.usable no; fi
    return
  done
  say socket.path none
}

package_version() { # of the first of these packages that is there
  for package in "$@"; do
    version=
    if has dpkg-query; then
      version=$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null)
    elif has rpm; then
      version=$(rpm -q --qf '%{VERSION}-%{RELEASE}' "$package" 2>/dev/null) || version=
    elif has apk; then
      version=$(apk list -I "$package" 2>/dev/null | awk '{ print $1 }' | head -n 1)
    fi
    [ -n "$version" ] || continue
    printf '%s %s' "$package" "$version"
    return
  done
}

programs() {
  has tmux && say tmux "$(tmux -V 2>/dev/null </dev/null)"
  has zstd && say zstd "$(zstd --version 2>/dev/null </dev/null)"
  has tar && say tar "$(tar --version 2>/dev/null </dev/null | head -n 1)"
  # A helper container sees /usr alone.
  for program in /usr/bin/python3 /usr/local/bin/python3; do
    [ -x "$program" ] || continue
    say python3 "$("$program" --version 2>&1 </dev/null)"
    break
  done
  has restic && say restic "$(restic version 2>/dev/null </dev/null)"
  has runc && say runc "$(runc --version 2>/dev/null </dev/null | head -n 1)"
  say runc.package "$(package_version containerd.io runc)"
  say sshd.package "$(package_version openssh-server openssh)"
  has snap && snap list docker >/dev/null 2>&1 </dev/null && say docker.snap yes
}

# What terminal-host.sh needs beside tmux. BusyBox has a fallocate that makes no holes.
keeping_terminals() {
  missing=
  for program in tail dd stat readlink; do
    has "$program" || missing="$missing $program"
  done
  if ! has fallocate; then
    missing="$missing fallocate"
  elif ! fallocate --help 2>&1 </dev/null | grep -q punch-hole; then
    missing="$missing fallocate"
    say terminals.fallocate_plain yes
  fi
  say terminals.missing "${missing# }"
}

ssh_server() { # effective values where we may ask; else what the files say
  effective=$(as_root sshd -T)
  if [ -z "$effective" ]; then
    effective=$(cat /etc/ssh/sshd_config.d/*.conf /etc/ssh/sshd_config 2>/dev/null |
      awk '{ print tolower($1), $2 }')
  fi
  for name in maxsessions maxstartups allowstreamlocalforwarding allowtcpforwarding clientaliveinterval; do
    say "sshd.$name" "$(printf '%s\n' "$effective" | awk -v name="$name" '$1 == name { print $2; exit }')"
  done
}

firewall() {
  if [ -r /etc/ufw/ufw.conf ] && grep -q '^ENABLED=yes' /etc/ufw/ufw.conf; then say ufw yes; fi
  if has systemctl && systemctl is-active --quiet firewalld </dev/null 2>/dev/null; then say firewalld yes; fi
  # The engine over TCP (2375, 2376) on an address that others reach.
  if has ss; then
    say engine.tcp "$(ss -Hltn 2>/dev/null </dev/null |
      awk '$4 ~ /:237[56]$/ && $4 !~ /^(127\.|\[::1\])/ { print $4; exit }')"
  fi
}

main() {
  privilege=$(privilege)
  machine
  disk "${1:-/}"
  engine_socket "${2:-}"
  programs
  keeping_terminals
  ssh_server
  firewall
  printf 'end=yes\n'
}

main "$@"
