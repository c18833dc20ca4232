#!/bin/bash
# remote-host.sh VERB DIRECTORY SLOT …: the namespaces, cable, disk and processes of one throw-away remote host.
#
#   prepare D S MIB [IMAGE] makes the disk image, as a copy of IMAGE where one is given
#   network D S             makes a fresh network namespace, plugs the cable 10.78.S.0/24 into it, prints its name
#   link    D S OTHER       a cable to the host in slot OTHER
#   inside  D S NAME        runs as the host's PID 1: own root (an overlay of this machine's), sshd, containerd, dockerd
#   silence D S, heal D S   a black hole, and its end
#   move    D S N           this machine's end of the cable gets the address 10.78.S.N in place of the one it had
#   cut     D S             a power cut: the link goes silent, unsynced writes are lost, every process dies at once
#   destroy D S             a cut, and then nothing is left: namespaces, cable, loop device, cgroups, directory
#   keep    D S TOKEN       waits for end of file on stdin (the test process is gone, however it went), then destroys
#
# Owns what remote-host.ts cannot do from Node. Must never touch what is not named by DIRECTORY or SLOT.
set -eu
umask 022
PATH=$PATH:/usr/sbin:/sbin
verb=$1 directory=$2 slot=$3
subnet=10.78.$slot cable=berth$slot cgroup=berth-test-$slot

netns_name() { # SLOT: its newest network namespace, if any
  find /run/netns -maxdepth 1 -name "berth-$1-*" -printf '%f\n' 2>/dev/null | sort -t- -k3 -n | tail -n 1
}

prepare() { # MIB [IMAGE]
  rm -f "$directory/disk.img"
  if [ -n "${2:-}" ]; then
    cp --sparse=always --reflink=auto "$2" "$directory/disk.img"
  else
    truncate -s "$1M" "$directory/disk.img"
    mkfs.ext4 -q -F -m 0 -E lazy_itable_init=1,lazy_journal_init=1 "$directory/disk.img"
  fi
  mkdir -p "$directory/control" "$directory/disk" "$directory/root"
}

network() {
  local old number new
  old=$(netns_name "$slot")
  number=$((${old##*-} + 1))
  new=berth-$slot-$number
  ip netns add "$new"
  if [ -e "/sys/class/net/$cable" ]; then
    # A reboot: this machine's end stays as it is (its address, its route), so no packet strays to another network.
    ip -n "$old" link set e0 netns "$new"
    ip netns delete "$old"
  else
    ip link add "$cable" type veth peer name e0 netns "$new"
    ip address add "$subnet.1/24" dev "$cable"
    # An IPv6 address of its own would be news a second or two later, at which every Chromium here ends what it is loading.
    ip link set "$cable" addrgenmode none
    ip link set "$cable" up
  fi
  ip -n "$new" link set lo up
  ip -n "$new" address add "$subnet.2/24" dev e0
  # No default route: nothing that runs in the host can reach beyond this machine's end of the cable.
  ip -n "$new" link set e0 up
  printf '%s\n' "$new"
}

link() { # no addresses of its own: each end leads to the other host's only address
  local other=$1 here there
  here=$(netns_name "$slot")
  there=$(netns_name "$other")
  ip -n "$here" link add "to$other" type veth peer name "to$slot" netns "$there"
  ip -n "$here" link set "to$other" up
  ip -n "$there" link set "to$slot" up
  ip -n "$here" route add "10.78.$other.2/32" dev "to$other" src "$subnet.2"
  ip -n "$there" route add "$subnet.2/32" dev "to$slot" src "10.78.$other.2"
}

# --- as the host's PID 1 ------------------------------------------------------------------------------------------

mount_disk() {
  mount -o loop "$directory/disk.img" "$directory/disk" && return
  e2fsck -fy "$directory/disk.img" || true
  mount -o loop "$directory/disk.img" "$directory/disk"
}

first_boot() {
  local upper=$1 entry
  mkdir -p "$upper/etc" "$upper/var/lib/docker" "$upper/var/lib/containerd"
  # What only this machine has at its top level does not belong to the host: a whiteout hides it.
  for entry in /* /.[!.]*; do
    [ -e "$entry" ] || continue
    case ${entry#/} in
    bin | boot | dev | etc | home | lib | lib32 | lib64 | libx32 | media | mnt | opt | proc | root | run | sbin | srv | sys | tmp | usr | var) ;;
    *) mknod "$upper$entry" c 0 0 ;;
    esac
  done
  # What identifies a machine must not be the same in two hosts (the engine's id is made from key.json).
  tr -d - </proc/sys/kernel/random/uuid >"$upper/etc/machine-id"
  if [ -e /etc/docker/key.json ]; then
    mkdir -p "$upper/etc/docker"
    mknod "$upper/etc/docker/key.json" c 0 0
  fi
  printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >"$upper/etc/resolv.conf"
}

# A machine as a cloud rents it (cloud-machine.ts): cloud-init, its seed, and an sshd that is configured in /etc/ssh.
build_cloud() {
  local root=$1 cloud=$directory/control/cloud seed=$1/var/lib/cloud/seed/nocloud name
  if [ ! -e "$root/etc/cloud/cloud.cfg.d/90-machine.cfg" ]; then
    cp -a "$(cat "$cloud/tree")/." "$root/"
    # Nothing of this machine's own cloud-init or keys.
    rm -rf "$root/var/lib/cloud" "$root"/etc/cloud/cloud.cfg.d/9*
    rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/ssh/sshd_config.d/*
    mkdir -p "$root/etc/cloud/cloud.cfg.d" "$root/etc/ssh/sshd_config.d"
    cp "$cloud/cloud.cfg" "$root/etc/cloud/cloud.cfg.d/90-machine.cfg"
    cp "$cloud/sshd_config" "$root/etc/ssh/sshd_config"
    for name in systemctl service swapon swapoff sysctl; do
      install -m 0755 "$cloud/stand-in" "$root/usr/local/sbin/$name"
    done
  fi
  rm -rf "$seed"
  mkdir -p "$seed"
  cp "$cloud"/seed/* "$seed/"
  # The kernel's is this machine's: it may say something to cloud-init. So may what is written to its console.
  printf 'BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 ro\n' >"$directory/cmdline"
  mount --bind "$directory/cmdline" "$root/proc/cmdline"
  [ ! -e "$root/dev/console" ] || mount --bind /dev/null "$root/dev/console"
}

build_root() {
  local name=$1 disk=$directory/disk root=$directory/root entry
  if [ ! -d "$disk/upper" ]; then
    mkdir -p "$disk/upper" "$disk/work" "$disk/docker" "$disk/containerd" "$disk/home" "$disk/log"
    mkdir -m 0700 "$disk/root-home"
    mkdir -m 1777 "$disk/tmp" "$disk/var-tmp"
    first_boot "$disk/upper"
  fi
  printf '%s\n' "$name" >"$disk/upper/etc/hostname"
  printf '127.0.0.1 localhost\n::1 localhost\n%s.2 %s\n' "$subnet" "$name" >"$disk/upper/etc/hosts"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$root"
  mount --bind "$disk/docker" "$root/var/lib/docker"
  mount --bind "$disk/containerd" "$root/var/lib/containerd"
  mount --bind "$disk/home" "$root/home"
  mount --bind "$disk/root-home" "$root/root"
  mount --bind "$disk/tmp" "$root/tmp"
  mount --bind "$disk/var-tmp" "$root/var/tmp"
  mount --bind "$disk/log" "$root/var/log"
  mount -t proc proc "$root/proc"
  mount -t sysfs sysfs "$root/sys"
  mount_cgroups "$root/sys/fs/cgroup"
  mount --rbind /dev "$root/dev"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
  mount --bind "$root/dev/pts/ptmx" "$root/dev/ptmx"
  mkdir -p "$root/dev/shm"
  mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
  mount -t tmpfs -o mode=0755 tmpfs "$root/run"
  mkdir -p "$root/run/sshd" "$root/run/lock" "$root/run/netns" "$root/run/berth-host"
  mount --bind "$directory/control" "$root/run/berth-host"
  for entry in /run/utmp /var/log/lastlog /var/log/wtmp /var/log/btmp; do : >>"$root$entry"; done
  [ ! -d "$directory/control/cloud" ] || build_cloud "$root"
  [ ! -e "$directory/control/systemd" ] || build_systemd "$root"
}

# A host whose PID 1 is a real systemd. It has all rights over this machine's kernel: what would set that up (sysctls,
# modules, devices, consoles, other disks) is not among its units, and what it sets by itself is out of its reach.
build_systemd() {
  local root=$1 lib=$1/usr/lib/systemd units=$1/etc/systemd/system wants
  cp "$0" "$directory/control/remote-host.sh"
  if [ ! -e "$units/berth-parts.service" ]; then
    rm -rf "$root/etc/systemd" "$root/etc/fstab" "$lib"/system-generators "$lib"/system/*.wants
    for wants in sysinit:systemd-journald.service sockets:systemd-journald.socket sockets:dbus.socket \
      multi-user:timers.target multi-user:dbus.service multi-user:systemd-logind.service \
      multi-user:systemd-user-sessions.service multi-user:berth-parts.service; do
      mkdir -p "$units/${wants%%:*}.target.wants"
      ln -s "/lib/systemd/system/${wants#*:}" "$units/${wants%%:*}.target.wants/${wants#*:}"
    done
    # Its socket is a name in /dev, which is this machine's; audit is of the whole kernel.
    ln -s /dev/null "$units/systemd-journald-dev-log.socket"
    ln -s /dev/null "$units/systemd-journald-audit.socket"
    printf '%s\n' '[Service]' "ExecStart=/bin/bash /run/berth-host/remote-host.sh parts $directory $slot" \
      'KillMode=process' 'Delegate=yes' >"$units/berth-parts.service"
  fi
  cat /proc/sys/kernel/random/uuid >"$directory/boot-id"
  mount --bind "$directory/boot-id" "$root/proc/sys/kernel/random/boot_id"
  mount --bind /dev/null "$root/dev/console"
  mount --bind "$root/proc/sys/fs" "$root/proc/sys/fs"
  mount -o remount,ro,bind "$root/proc/sys/fs"
}

mount_cgroups() { # this machine's hierarchies, or version 2 where the machine has mounted none
  if [ -e "$directory/control/systemd" ]; then
    mount_own_cgroups "$1"
  elif grep -qE ' /sys/fs/cgroup[ /]' /proc/self/mounts; then
    mount --rbind /sys/fs/cgroup "$1"
  else
    mount -t cgroup2 cgroup2 "$1"
  fi
}

mount_own_cgroups() { # each hierarchy from where this process is in it, which is a cgroup namespace's root
  local hierarchy
  if ! grep -qE ' /sys/fs/cgroup/' /proc/self/mounts; then
    mount -t cgroup2 cgroup2 "$1"
    return
  fi
  mount -t tmpfs -o mode=0755 tmpfs "$1"
  for hierarchy in systemd unified cpu cpuacct cpuset memory devices freezer blkio pids; do
    [ -d "/sys/fs/cgroup/$hierarchy" ] || continue
    mkdir "$1/$hierarchy"
    case $hierarchy in
    systemd) mount -t cgroup -o none,name=systemd cgroup "$1/systemd" ;;
    unified) mount -t cgroup2 cgroup2 "$1/unified" ;;
    *) mount -t cgroup -o "$hierarchy" cgroup "$1/$hierarchy" ;;
    esac
  done
}

supervise() { # NAME COMMAND…: restarts it for ever, as a service manager would; NAME.off keeps it down
  local name=$1
  shift
  while :; do
    [ -e "/run/berth-host/$name.off" ] || "$@" >>"/run/berth-host/$name.log" 2>&1 || true
    sleep 0.1
  done
}

run_sshd() { exec /usr/sbin/sshd -D -e -f /run/berth-host/sshd_config; }

run_cloud_sshd() { # once cloud-init has written keys and users, as with Debian's units
  [ -e /run/berth-network-stage ] || return 0
  if [ -e /run/berth-host/cloud/other-host-key ]; then
    exec /usr/sbin/sshd -D -e -h /run/berth-host/host-key
  fi
  exec /usr/sbin/sshd -D -e
}

run_metadata() { # behind a router, as at providers: what a container asks of it is forwarded, and not this host's own
  ip netns add metadata
  ip link add m0 type veth peer name m1 netns metadata
  ip address add 169.254.0.1/30 dev m0
  ip link set m0 up
  ip -n metadata address add 169.254.0.2/30 dev m1
  ip -n metadata address add 169.254.169.254/32 dev lo
  ip -n metadata link set lo up
  ip -n metadata link set m1 up
  ip -n metadata route add default via 169.254.0.1
  ip route add 169.254.169.254/32 via 169.254.0.2
  exec nsenter --net=/run/netns/metadata python3 -m http.server 80 \
    --bind 169.254.169.254 --directory /run/berth-host/cloud/metadata
}

run_cloud_init() { # the four stages, in the order of Debian's units; a failed one does not stop the others
  mkdir -p /run/cloud-init
  : >/run/cloud-init/enabled
  cloud-init init --local || true
  cloud-init init || true
  : >/run/berth-network-stage
  cloud-init modules --mode=config || true
  cloud-init modules --mode=final || true
}

run_containerd() { exec containerd --config /run/berth-host/containerd.toml; }

run_engine() {
  local tries=0
  while [ ! -S /run/containerd/containerd.sock ] && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
  done
  if [ -e /run/berth-host/engine.env ]; then # as a unit's Environment= would
    set -a
    # shellcheck disable=SC1091 # written by remote-host.ts
    . /run/berth-host/engine.env
    set +a
  fi
  rm -f /run/docker.pid # of an engine that was killed; its number may belong to anyone by now
  exec dockerd --config-file /run/berth-host/daemon.json --containerd /run/containerd/containerd.sock
}

enter_cgroups() { # its place in each hierarchy is the host's own
  local hierarchy
  for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [ -e "$hierarchy/cgroup.procs" ] || continue
    mkdir -p "$hierarchy/$cgroup"
    case $hierarchy in
    */cpuset) cat "$hierarchy/cpuset.cpus" >"$hierarchy/$cgroup/cpuset.cpus"; cat "$hierarchy/cpuset.mems" >"$hierarchy/$cgroup/cpuset.mems" ;;
    esac
    echo 0 >"$hierarchy/$cgroup/cgroup.procs"
  done
}

inside() {
  local name=$1 outer_pid
  # The machine's /proc is still mounted here, so this is our number as the machine sees it.
  read -r outer_pid _ </proc/self/stat
  if [ -e "$directory/control/systemd" ] && [ "${BERTH_CGROUPS:-}" = '' ]; then
    enter_cgroups
    BERTH_CGROUPS=entered exec unshare --cgroup bash "$0" inside "$directory" "$slot" "$name"
  fi
  hostname "$name"
  mount --make-rprivate /
  mount_disk
  build_root "$name"
  if [ ! -d "$directory/control/cloud" ]; then # there, cloud-init does it
    install -d -m 0700 "$directory/disk/root-home/.ssh"
    install -m 0600 "$directory/control/authorized_keys" "$directory/disk/root-home/.ssh/authorized_keys"
  fi
  printf '%s\n' "$outer_pid" >"$directory/init.pid.new"
  mv "$directory/init.pid.new" "$directory/init.pid"
  cd "$directory/root"
  mkdir -p .machine
  pivot_root . .machine
  cd /
  umount -l /.machine
  rmdir /.machine
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
  if [ -e /run/berth-host/systemd ]; then
    # It ignores what follows its options; init_alive() knows it by that.
    exec env container=berth /lib/systemd/systemd --system --unit=multi-user.target "$directory"
  fi
  run_parts
}

run_parts() { # sshd and the engine, for ever
  if [ -d /run/berth-host/cloud ]; then
    (run_metadata >>/run/berth-host/metadata.log 2>&1 </dev/null) &
    (run_cloud_init >>/run/berth-host/cloud-init.log 2>&1 </dev/null) &
    (supervise sshd run_in_subshell run_cloud_sshd) &
  else
    (supervise sshd run_in_subshell run_sshd) &
  fi
  if [ ! -e /run/berth-host/engine.none ]; then
    (supervise containerd run_in_subshell run_containerd) &
    (supervise engine run_in_subshell run_engine) &
  fi
  while :; do wait || true; done
}

run_in_subshell() { ("$@"); }

# --- from the machine ----------------------------------------------------------------------------------------------

silence() { # the link carries nothing in either direction; no reset tells the other side
  nsenter --net="/run/netns/$1" nft -f - <<'RULES'
table inet berth_silence
delete table inet berth_silence
table inet berth_silence {
  chain input { type filter hook input priority -400; iif "e0" drop; }
  chain forward { type filter hook forward priority -400; iif "e0" drop; oif "e0" drop; }
  chain output { type filter hook output priority -400; oif "e0" drop; }
}
RULES
}

move() { # as when a laptop comes into another network: what was bound to the old address is dead, and nobody says so
  ip address flush dev "$cable"
  ip address add "$subnet.$1/24" dev "$cable"
}

heal() { # also where nothing is silent
  nsenter --net="/run/netns/$1" nft 'add table inet berth_silence; delete table inet berth_silence'
}

shut_filesystem_down() { # EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH: what was not synced is gone (ext4(5))
  perl -e 'my $flag = pack("L", 2); open(my $d, "<", $ARGV[0]) or die "$!"; ioctl($d, 0x8004587d, $flag) or die "$!"' "$1"
}

thaw() { # a frozen cgroup keeps SIGKILL pending for ever
  local file
  for file in /sys/fs/cgroup/freezer/"$cgroup"/*/freezer.state; do
    [ -f "$file" ] && { echo THAWED >"$file" || true; }
  done
  for file in /sys/fs/cgroup/"$cgroup"/*/cgroup.freeze; do
    [ -f "$file" ] && { echo 0 >"$file" || true; }
  done
  return 0
}

init_alive() { # is the recorded number still our PID 1? (numbers are used again)
  [ -n "$1" ] && grep -qsFz "$directory" "/proc/$1/cmdline"
}

power_cut() {
  local namespace pid tries=0
  namespace=$(netns_name "$slot")
  [ -z "$namespace" ] || silence "$namespace" || true
  pid=$(cat "$directory/init.pid" 2>/dev/null || true)
  if init_alive "$pid"; then
    # A host that is only thrown away may have lost its disk already.
    shut_filesystem_down "/proc/$pid/root/var/lib/docker" || [ "$verb" != cut ]
    kill -KILL "$pid" 2>/dev/null || true
    while init_alive "$pid" || [ -n "$(ls "/proc/$pid/task" 2>/dev/null)" ]; do
      thaw
      tries=$((tries + 1))
      [ "$tries" -lt 500 ] || { echo "PID $pid of $directory survives SIGKILL" >&2; exit 1; }
      sleep 0.02
    done
  fi
  rm -f "$directory/init.pid"
  release_disk
  remove_cgroups
}

release_disk() { # the mount namespace's end detaches the loop device, a moment later
  local tries=0 device
  while [ -e "$directory/disk.img" ]; do
    device=$(losetup -n -O NAME -j "$directory/disk.img")
    [ -n "$device" ] || return 0
    tries=$((tries + 1))
    [ "$tries" -lt 250 ] || { echo "$device still holds $directory/disk.img" >&2; return 0; }
    [ "$tries" -lt 25 ] || losetup -d "$device" 2>/dev/null || true
    sleep 0.02
  done
}

remove_cgroups() {
  local hierarchy
  for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [ -d "$hierarchy/$cgroup" ] || continue
    find "$hierarchy/$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
}

destroy() {
  local namespace
  power_cut
  find /run/netns -maxdepth 1 -name "berth-$slot-*" -printf '%f\n' 2>/dev/null | while read -r namespace; do
    ip netns delete "$namespace" || true
  done
  ip link delete "$cable" 2>/dev/null || true
  rm -rf --one-file-system "$directory"
}

keep() {
  local token=$1
  cat >/dev/null
  exec 9>"$directory.lock"
  flock 9
  # The slot may have been swept and given to another process while we waited.
  [ "$(cat "$directory/token" 2>/dev/null)" = "$token" ] || exit 0
  destroy
}

case $verb in
prepare) prepare "$4" "${5:-}" ;;
network) network ;;
link) link "$4" ;;
inside) inside "$4" ;;
parts) run_parts ;;
silence) silence "$(netns_name "$slot")" ;;
move) move "$4" ;;
heal) heal "$(netns_name "$slot")" ;;
cut) power_cut ;;
destroy)
  exec 9>"$directory.lock"
  flock 9
  destroy
  ;;
keep) keep "$4" ;;
*)
  echo "remote-host.sh: no verb $verb" >&2
  exit 2
  ;;
esac
