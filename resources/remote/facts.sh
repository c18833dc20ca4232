#!/bin/sh
# facts.sh: says what kind of machine this is, as key=value lines. Reads only; needs no privilege.
# A line is missing where the answer is not known. Values are one line each.
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

os_release() { # the value of one name of os-release(5), without running the file
  for file in /etc/os-release /usr/lib/os-release; do
    [ -r "$file" ] || continue
    sed -n "s/^$1=//p" "$file" | tr -d "\"'" | head -n 1
    return
  done
}

operating_system() {
  name=$(os_release PRETTY_NAME)
  if [ -z "$name" ] && has sw_vers; then
    name="$(sw_vers -productName) $(sw_vers -productVersion)"
  fi
  printf '%s' "${name:-$(uname -s)}"
}

memory_bytes() {
  if [ -r /proc/meminfo ]; then
    awk '$1 == "MemTotal:" { printf "%.0f", $2 * 1024 }' /proc/meminfo
  elif has sysctl; then
    sysctl -n hw.memsize 2>/dev/null
  fi
}

main() {
  say hostname "$(uname -n)"
  say os "$(operating_system)"
  say kernel "$(uname -sr)"
  say architecture "$(uname -m)"
  say cpus "$(getconf _NPROCESSORS_ONLN 2>/dev/null)"
  say memory_bytes "$(memory_bytes)"
  has tmux && say tmux "$(tmux -V 2>/dev/null </dev/null)"
  has zstd && say zstd "$(zstd --version 2>/dev/null </dev/null)"
  printf 'end=yes\n'
}

main
