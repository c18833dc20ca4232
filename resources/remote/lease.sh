#!/bin/sh
# lease.sh: ends workspaces on this host whose lease ran out, also while no Berth is there. One file: what a timer runs each
# minute, and what puts it there, feeds it and takes it away again.
#
#   status TAG                    whether it is here; changes nothing
#   install TAG SOCKET            puts this file (its text is read from standard input) and a timer of systemd here
#   renew TAG [ID:MINUTES:GRACE…] these are the leases of TAG from now on, and no others
#   remove TAG                    takes the leases of TAG away, and with the last of them the timer and this file
#   run DATA                      what the timer runs
#   set DATA TAG [ID:MINUTES:GRACE…]  what `renew` runs, as whoever owns DATA
#   unit service|timer SCRIPT DATA  prints a unit
#
# TAG is of one Berth on one computer: several share the timer, each with a folder of its own. A lease is a file named by a
# workspace's id: the second (of this host's clock) until which it may run, and the seconds between SIGTERM and SIGKILL.
# Whatever has no lease, or one that cannot be read, is left alone; so is one that another Berth still gives a lease to. What
# cannot be read is named (`unreadable.ID=yes`), so that a person hears why nothing was stopped.
# Prints key=value lines that end with end=yes. SOCKET is the engine's.
version=2
set -u
LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH
umask 022

# Seconds for which nothing is stopped after a boot, a sleep or a jump of the clock: who renews leases could not do so
# meanwhile, and needs to find its way back. Longer than the five minutes between two renewals.
hold_seconds=600
# A pause between two runs, and a step of the clock, that do not come about by themselves.
most_pause=180
most_step=120

say() {
  printf '%s=%s\n' "$1" "$2"
}

refuse() { # REASON
  say reason "$1"
  say end yes
  exit 0
}

is_number() { # of at most 12 digits, so that arithmetic holds, and none that would be read as octal
  case $1 in '' | *[!0-9]* | 0?* | ?????????????*) return 1 ;; esac
}
is_tag() {
  case $1 in *[!0-9a-z]*) return 1 ;; ??????) ;; *) return 1 ;; esac
}
is_id() {
  case $1 in ws_*[!0-9a-z]* | ws_) return 1 ;; ws_*) [ "${#1}" -eq 23 ] ;; *) return 1 ;; esac
}

# --- the timer's part -------------------------------------------------------------------------------------------------

# read_lease FILE: sets $until and $grace.
read_lease() {
  until='' grace='' rest=''
  { read -r until grace rest <"$1"; } 2>/dev/null || return 1
  is_number "$until" && is_number "$grace" && [ "$grace" -le 600 ] && [ -z "$rest" ]
}

# replace FILE: standard input, whole or not at all.
replace() {
  cat >"$1.new" && mv -f "$1.new" "$1"
}

# is_held DATA NOW: true while nothing is to be stopped. Remembers what it saw.
is_held() {
  boot='' uptime='' last_boot='' last_uptime='' last_now='' hold_until=''
  read -r boot </proc/sys/kernel/random/boot_id
  read -r uptime _ </proc/uptime
  uptime=${uptime%%.*}
  [ ! -r "$1/state" ] || read -r last_boot last_uptime last_now hold_until <"$1/state"
  if [ "$boot" = "$last_boot" ] && is_number "$last_uptime" && is_number "$last_now" && is_number "$hold_until"; then
    pause=$((uptime - last_uptime))
    step=$(($2 - last_now - pause))
    if [ "$pause" -gt "$most_pause" ] || [ "$step" -gt "$most_step" ] || [ "$step" -lt "-$most_step" ]; then
      hold_until=$((uptime + hold_seconds))
    fi
  else
    hold_until=$((uptime + hold_seconds))
  fi
  printf '%s %s %s %s\n' "$boot" "$uptime" "$2" "$hold_until" | replace "$1/state"
  [ "$uptime" -lt "$hold_until" ]
}

# is_elsewhere DATA ID NOW: another Berth lets it run on, or says something that cannot be read.
is_elsewhere() {
  for other in "$1"/*/leases/"$2"; do
    [ -e "$other" ] || continue
    read_lease "$other" || return 0
    [ "$until" -le "$3" ] || return 0
  done
  return 1
}

run() { # DATA
  data=$1
  now=$(date +%s)
  is_held "$data" "$now" && exit 0
  for folder in "$data"/*/; do
    tag=$(basename "$folder")
    is_tag "$tag" || continue
    socket=''
    { read -r socket <"$folder/socket"; } 2>/dev/null || continue
    for file in "$folder"leases/ws_*; do
      id=${file##*/}
      is_id "$id" || continue
      read_lease "$file" || continue
      [ "$until" -le "$now" ] || continue
      ended=$until seconds=$grace
      is_elsewhere "$data" "$id" "$now" && continue
      # What cannot be asked or stopped now keeps its lease for the next minute.
      found=$(docker -H "unix://$socket" ps -q --no-trunc --filter status=running --filter label=dev.berth.managed=1 \
        --filter "label=dev.berth.workspace=$id" </dev/null) || continue
      for container in $found; do
        docker -H "unix://$socket" stop -t "$seconds" "$container" >/dev/null </dev/null || continue 2
        # Each Berth that gave it one reads in its own log what became of it.
        for other in "$data"/*/leases/"$id"; do
          printf '%s %s %s\n' "$now" "$id" "$ended" >>"${other%/leases/*}/log"
        done
      done
      rm -f "$data"/*/leases/"$id"
    done
    if [ -e "$folder/log" ] && [ "$(wc -l <"$folder/log")" -gt 200 ]; then
      tail -n 100 "$folder/log" | replace "$folder/log"
    fi
  done
}

set_leases() { # DATA TAG [ID:MINUTES:GRACE…]
  folder=$1/$2
  shift 2
  mkdir -p "$folder/leases" || exit 1
  now=$(date +%s)
  kept=' '
  tell_unreadable "$folder"
  for wish in "$@"; do
    case $wish in *:*:*) ;; *) exit 2 ;; esac
    id=${wish%%:*}
    minutes=${wish#*:}
    grace=${minutes#*:}
    minutes=${minutes%%:*}
    is_id "$id" && is_number "$minutes" && is_number "$grace" || exit 2
    until=$((now + minutes * 60))
    printf '%s %s\n' "$until" "$grace" | replace "$folder/leases/$id" || exit 1
    say "until.$id" "$until"
    kept="$kept$id "
  done
  for file in "$folder"/leases/*; do
    case $kept in *" ${file##*/} "*) ;; *) rm -f "$file" ;; esac
  done
  say now "$now"
  tell_log "$folder"
}

tell_unreadable() { # FOLDER
  for file in "$1"/leases/ws_*; do
    id=${file##*/}
    ! is_id "$id" || read_lease "$file" || say "unreadable.$id" yes
  done
}

tell_log() { # FOLDER
  number=0
  # A log that is not there yet is an empty one.
  { tail -n 100 "$1/log" 2>/dev/null || :; } | while read -r line; do
    number=$((number + 1))
    say "log$number" "$line"
  done
}

# --- being here -------------------------------------------------------------------------------------------------------

unit() { # service|timer SCRIPT DATA
  case $1 in
  service)
    printf '%s\n' '[Unit]' 'Description=Stops Berth workspaces whose lease ran out' '' '[Service]' 'Type=oneshot' \
      "ExecStart=/bin/sh \"$2\" run \"$3\"" 'TimeoutStartSec=15min' 'NoNewPrivileges=yes'
    ;;
  timer)
    printf '%s\n' '[Unit]' 'Description=Looks each minute for Berth workspaces whose lease ran out' '' '[Timer]' \
      'OnActiveSec=1min' 'OnUnitActiveSec=1min' 'AccuracySec=5s' '' '[Install]' 'WantedBy=timers.target'
    ;;
  esac
}

is_privileged() {
  [ "$(id -u)" = 0 ] || sudo -n true </dev/null >/dev/null 2>&1
}

place() { # system|user: where things are
  how=$1
  if [ "$how" = system ]; then
    script=/usr/local/lib/berth/lease.sh data=/var/lib/berth/lease units=/etc/systemd/system
  else
    script=$HOME/.local/lib/berth/lease.sh data=$HOME/.local/state/berth/lease units=$HOME/.config/systemd/user
  fi
}

as_owner() { # of the place
  if [ "$how" = user ] || [ "$(id -u)" = 0 ]; then "$@"; else sudo -n -- "$@"; fi
}

control() { # systemctl of the place
  if [ "$how" = user ]; then
    XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/run/user/$(id -u)} systemctl --user "$@"
  else
    as_owner systemctl "$@"
  fi
}

# find_place TAG: the place where leases of TAG are kept; false where there is none.
find_place() {
  if is_privileged; then
    place system
    [ ! -d "$data/$1" ] || [ ! -r "$script" ] || return 0
  fi
  place user
  [ -d "$data/$1" ] && [ -r "$script" ]
}

choose_place() { # TAG: where they are, or would be
  find_place "$1" || if is_privileged; then place system; else place user; fi
}

lingers() {
  [ "$(loginctl show-user "$(id -un)" --property=Linger 2>/dev/null)" = Linger=yes ]
}

status() { # TAG
  if ! find_place "$1"; then
    say state absent
    return
  fi
  say state installed
  say how "$how"
  say version "$(sed -n 's/^version=//p' "$script" | head -n 1)"
  say current "$version"
  say user "$(id -un)"
  if control is-active berth-lease.timer >/dev/null 2>&1; then say active yes; else say active no; fi
  [ "$how" = system ] || if lingers; then say lingers yes; else say lingers no; fi
  tell_unreadable "$data/$1"
  tell_log "$data/$1"
}

write() { # MODE FILE: standard input
  # The text is fixed; what varies are its arguments.
  # shellcheck disable=SC2016
  as_owner sh -c 'mkdir -p "$(dirname "$2")" && cat >"$2.new" && chmod "$1" "$2.new" && mv -f "$2.new" "$2"' sh "$1" "$2"
}

install() { # TAG SOCKET
  [ -d /run/systemd/system ] || refuse 'it does not run systemd, whose timers keep leases'
  command -v docker >/dev/null || refuse 'it has no docker command to stop containers with'
  choose_place "$1"
  if [ "$how" = user ]; then
    lingers || refuse "$(printf 'the login %s may not become root without a password, and its own timers end when it signs out. Let it linger (sudo loginctl enable-linger %s), or let it use sudo, then try again' "$(id -un)" "$(id -un)")"
  fi
  write 0755 "$script" || refuse "$script cannot be written"
  if ! { unit service "$script" "$data" | write 0644 "$units/berth-lease.service" &&
    unit timer "$script" "$data" | write 0644 "$units/berth-lease.timer" &&
    as_owner mkdir -p "$data/$1/leases" &&
    printf '%s\n' "$2" | write 0644 "$data/$1/socket"; }; then
    take_away "$1"
    refuse 'its files cannot be written'
  fi
  said=$({ control daemon-reload && control enable --now berth-lease.timer && control is-active berth-lease.timer; } 2>&1 </dev/null) || {
    take_away "$1"
    refuse "systemd did not start the timer: $(printf '%s' "$said" | tail -n 1)"
  }
  status "$1"
}

take_away() { # TAG
  as_owner rm -rf "${data:?}/$1"
  for folder in "$data"/*/; do
    [ ! -d "$folder" ] || return 0
  done
  [ -e "$script" ] || [ -e "$units/berth-lease.timer" ] || [ -e "$units/berth-lease.service" ] || return 0
  control disable --now berth-lease.timer >/dev/null 2>&1 </dev/null
  # One that runs just now would fail for want of its script, and be listed as failed for ever. While its files are there: who
  # is cut off here begins again.
  control stop berth-lease.service >/dev/null 2>&1 </dev/null
  control reset-failed berth-lease.service berth-lease.timer >/dev/null 2>&1 </dev/null
  as_owner rm -rf "$units/berth-lease.timer" "$units/berth-lease.service" "$script" "$data"
  control daemon-reload >/dev/null 2>&1 </dev/null
  # Others may have something there; then the folders stay.
  as_owner rmdir "$(dirname "$script")" "$(dirname "$data")" 2>/dev/null
  return 0
}

verb=${1:-}
[ "$#" -eq 0 ] || shift
case $verb in
run) run "$1" ;;
unit) unit "$@" ;;
set) is_tag "$2" || exit 2; set_leases "$@" ;;
status | install | renew | remove)
  is_tag "${1:-}" || exit 2
  case $verb in
  status) status "$1" ;;
  install) install "$1" "$2" ;;
  renew)
    if find_place "$1"; then
      tag=$1
      shift
      as_owner sh "$script" set "$data" "$tag" "$@" </dev/null || refuse 'leases cannot be written'
      say state installed
    else
      say state absent
    fi
    ;;
  remove)
    # Also what an installation left that came to no end.
    choose_place "$1"
    take_away "$1"
    say state absent
    ;;
  esac
  say end yes
  ;;
*) exit 2 ;;
esac
