#!/bin/sh
# setup.sh USER MARK: makes a fresh Debian or Ubuntu a host for Berth. Run once by cloud-init, as root; may be run again.
#   USER  login that gets to use Docker
#   MARK  what the sentinel holds in the end: which set-up it was
#
# Installs only what is missing, so that an image that has it all needs no network. Everything that it does goes to
# /var/log/berth-setup.log. /var/lib/berth/setup.step says what it is at, setup.warnings what it could not do and a host
# can live without, setup.failed why it gave up; setup.done is written last, and only where an engine answers.
set -u
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
DEBIAN_FRONTEND=noninteractive
export LC_ALL PATH DEBIAN_FRONTEND

user=$1
mark=$2
state=/var/lib/berth
log=/var/log/berth-setup.log

umask 022
mkdir -p "$state"
rm -f "$state/setup.done" "$state/setup.failed" "$state/setup.warnings"
exec >>"$log" 2>&1

step() {
  printf '%s == %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1"
  printf '%s\n' "$1" >"$state/setup.step"
}

warn() {
  printf 'warning: %s\n' "$1"
  printf '%s\n' "$1" >>"$state/setup.warnings"
}

fail() {
  printf 'failed: %s\n' "$1"
  printf '%s\n' "$1" >"$state/setup.failed"
  exit 1
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# A container, or a test, may have no systemd, or one that does not run.
has_systemd() {
  [ -d /run/systemd/system ] && has systemctl
}

# Networks of a machine that just began fail for a moment, and other programs hold apt's locks.
retry() { # COMMAND...
  for pause in 5 10 20 30 0; do
    "$@" && return 0
    [ "$pause" = 0 ] || sleep "$pause"
  done
  return 1
}

apt() {
  # Seconds that it waits for dpkg's lock: unattended upgrades of a first boot take minutes.
  apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" </dev/null
}

update_lists() {
  [ -e "$state/lists-updated" ] && return 0
  retry apt update || return 1
  : >"$state/lists-updated"
}

install() { # PACKAGE...
  update_lists && retry apt install --no-install-recommends "$@"
}

download() { # URL FILE
  if has curl; then
    curl -fsSL --connect-timeout 20 --max-time 120 -o "$2" "$1"
  elif has wget; then
    wget -q --timeout=60 -O "$2" "$1"
  else
    python3 -c 'import sys, urllib.request; urllib.request.urlretrieve(sys.argv[1], sys.argv[2])' "$1" "$2"
  fi
}

tools() {
  missing=
  for program in tmux zstd; do
    has "$program" || missing="$missing $program"
  done
  [ -n "$missing" ] || return 0
  # shellcheck disable=SC2086 # A list of words.
  install $missing || fail "These could not be installed:$missing. Can the machine reach its package mirror?"
}

# Merged, so that what the image brought stays; what it says itself counts.
daemon_settings() {
  mkdir -p /etc/docker
  wanted='{"live-restore": true, "icc": false, "no-new-privileges": true, "log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}}'
  file=/etc/docker/daemon.json
  if [ ! -s "$file" ]; then
    printf '%s\n' "$wanted" >"$file.berth" && mv -f "$file.berth" "$file"
    return 0
  fi
  if ! has python3; then
    warn 'There is no python3: /etc/docker/daemon.json stays as it was.'
    return 1
  fi
  python3 -c '
import json, os, sys
path, wanted = sys.argv[1], json.loads(sys.argv[2])
with open(path) as file:
    present = json.load(file)
if "log-driver" in present or "log-opts" in present:
    wanted.pop("log-driver")
    wanted.pop("log-opts")
merged = {**wanted, **present}
if merged == present:
    sys.exit(3)
with open(path + ".berth", "w") as file:
    json.dump(merged, file, indent=2)
os.replace(path + ".berth", path)
' "$file" "$wanted"
  case $? in
    0) return 0 ;;
    3) return 1 ;;
    *) warn '/etc/docker/daemon.json cannot be read and stays as it was.' && return 1 ;;
  esac
}

docker_repository() {
  # shellcheck disable=SC1091 # The machine's own.
  . /etc/os-release
  case "${ID:-}" in
    debian | ubuntu) distribution=$ID ;;
    *)
      case " ${ID_LIKE:-} " in
        *' ubuntu '*) distribution=ubuntu ;;
        *' debian '*) distribution=debian ;;
        *) fail "Docker can be installed on Debian and Ubuntu only; this is ${PRETTY_NAME:-another system}." ;;
      esac
      ;;
  esac
  release=${VERSION_CODENAME:-}
  [ "$distribution" != ubuntu ] || release=${UBUNTU_CODENAME:-$release}
  [ -n "$release" ] || fail 'The system does not say which release it is (VERSION_CODENAME in /etc/os-release).'
  mkdir -p /etc/apt/keyrings
  key=/etc/apt/keyrings/docker.asc
  retry download "https://download.docker.com/linux/$distribution/gpg" "$key.new" ||
    fail 'The key of the Docker repository could not be downloaded from download.docker.com.'
  # As docs.docker.com names it: "Docker Release (CE deb)".
  if has gpg && ! gpg --batch --with-colons --show-keys "$key.new" 2>/dev/null |
    grep -q '^fpr:.*:9DC858229FC7DD38854AE2D88D81803C0EBFCD88:'; then
    fail 'The key of the Docker repository is not the one that Docker publishes.'
  fi
  chmod 0644 "$key.new" && mv -f "$key.new" "$key"
  printf 'deb [arch=%s signed-by=%s] https://download.docker.com/linux/%s %s stable\n' \
    "$(dpkg --print-architecture)" "$key" "$distribution" "$release" >/etc/apt/sources.list.d/docker.list
  rm -f "$state/lists-updated"
}

engine() {
  settings_changed=no
  daemon_settings && settings_changed=yes
  if ! has dockerd; then
    step 'Add the Docker repository'
    install ca-certificates curl gnupg || fail 'ca-certificates, curl and gnupg could not be installed.'
    docker_repository
    step 'Install Docker'
    install docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin ||
      fail 'Docker could not be installed from download.docker.com.'
  elif [ "$settings_changed" = yes ] && has_systemd; then
    systemctl restart docker || warn 'Docker could not be restarted with its new settings.'
  fi
  if has_systemd; then systemctl enable --now docker || warn 'Docker could not be enabled as a service.'; fi
  getent group docker >/dev/null || groupadd --system docker
  usermod -aG docker "$user" || fail "$user could not be added to the group docker."
}

engine_answers() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
    docker version --format '{{.Server.Version}}' && return 0
    sleep 2
  done
  return 1
}

upgrades() {
  if [ ! -x /usr/bin/unattended-upgrade ]; then
    if ! has apt-get || ! apt install --no-install-recommends unattended-upgrades; then
      warn 'Security updates are not installed by themselves: unattended-upgrades is not there.'
      return
    fi
  fi
  printf '%s\n' 'APT::Periodic::Update-Package-Lists "1";' 'APT::Periodic::Unattended-Upgrade "1";' \
    >/etc/apt/apt.conf.d/20auto-upgrades
}

# As much as there is memory, between 1 and 4 GiB: a small machine would end a build that a large one swaps through.
swap() {
  has_systemd || return 0
  [ "$(wc -l </proc/swaps)" -le 1 ] || return 0
  memory=$(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' /proc/meminfo)
  size=$((memory / 1024))
  [ "$size" -ge 1024 ] || size=1024
  [ "$size" -le 4096 ] || size=4096
  free=$(df -Pm / | awk 'NR == 2 { print $4 }')
  if [ "$free" -lt $((size * 3)) ]; then
    warn "There is no swap: a file of $size MiB would fill the disk."
    return
  fi
  file=/swapfile
  if (umask 077 && rm -f "$file" && { fallocate -l "${size}M" "$file" || dd if=/dev/zero of="$file" bs=1M count="$size"; }) &&
    mkswap "$file" && swapon "$file"; then
    grep -q "^$file " /etc/fstab || printf '%s none swap sw 0 0\n' "$file" >>/etc/fstab
    printf 'vm.swappiness=10\n' >/etc/sysctl.d/60-berth.conf
    sysctl -q -p /etc/sysctl.d/60-berth.conf || :
  else
    rm -f "$file"
    warn 'There is no swap: the system did not take the file.'
  fi
}

# Many terminals and streams share one connection; a client that is gone is noticed within two minutes.
ssh_server() {
  [ -d /etc/ssh/sshd_config.d ] || return 0
  file=/etc/ssh/sshd_config.d/10-berth.conf
  printf '%s\n' 'MaxSessions 100' 'MaxStartups 50:30:200' 'ClientAliveInterval 30' 'ClientAliveCountMax 4' \
    'PasswordAuthentication no' >"$file"
  if ! "$(command -v sshd || printf /usr/sbin/sshd)" -t; then
    rm -f "$file"
    warn 'The SSH server did not take its settings.'
    return
  fi
  if has_systemd; then
    systemctl reload ssh.service 2>/dev/null || systemctl reload sshd.service 2>/dev/null || :
  fi
}

rm -f "$state/lists-updated"
step 'Install tmux and zstd'
tools
step 'Set up Docker'
engine
step 'Set up the SSH server'
ssh_server
step 'Make a swap file'
swap
step 'Turn on security updates'
upgrades
step 'Wait for Docker'
engine_answers || fail 'Docker does not answer a minute after it was started.'
rm -f "$state/lists-updated"
step 'Done'
printf '%s\n' "$mark" >"$state/setup.new" && mv -f "$state/setup.new" "$state/setup.done"
