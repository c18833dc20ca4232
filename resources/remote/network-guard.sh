#!/bin/sh
# network-guard.sh status|apply|remove [BRIDGE…]: closes to workspaces what is none of their business.
#   BRIDGE  interface of a workspace's network, or a prefix followed by * (berth-*)
#
# From those bridges nothing reaches metadata addresses (169.254.0.0/16, fd00:ec2::254), private ranges, or any service
# of this machine itself. The Internet, answers to what came from outside, and the name servers that the engine uses
# stay open. Rules of everybody else are not touched: nft gets a table of its own, which no restart of the engine
# and no other firewall flushes; without nft, iptables gets chains of its own behind DOCKER-USER and INPUT.
#
# Prints key=value lines: guard (on, partly, off, unknown), backend, privilege, reason. Idempotent; each apply replaces
# all of it at once. Needs root or sudo without a password; else says so and changes nothing.
set -u
LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH

table=berth_guard
closed4='169.254.0.0/16 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10'
# fd00:ec2::254, Amazon's metadata over IPv6, is in the second.
closed6='fe80::/10 fc00::/7'

say() {
  printf '%s=%s\n' "$1" "$2"
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

as_root() {
  if [ "$privilege" = root ]; then "$@"; else sudo -n -- "$@"; fi
}

quietly() {
  as_root "$@" >/dev/null 2>&1 </dev/null
}

name_servers() { # IPv4 addresses that the engine hands to containers, whoever names them
  {
    sed -n 's/^[[:space:]]*nameserver[[:space:]]\{1,\}//p' /etc/resolv.conf /run/systemd/resolve/resolv.conf 2>/dev/null
    tr -d ' \n\t' 2>/dev/null </etc/docker/daemon.json | sed -n 's/.*"dns":\[\([^]]*\)\].*/\1/p' | tr -d '"' | tr ',' '\n'
  } 2>/dev/null | grep -E '^[0-9]{1,3}(\.[0-9]{1,3}){3}$' | grep -v '^127\.' | sort -u
}

comma() { # words, separated by commas
  printf '%s' "$*" | tr -s ' \n' ', ' | sed 's/,$//; s/,/, /g'
}

# --- nft ------------------------------------------------------------------------------------------------------------

nft_rules() {
  servers=$(comma "$(name_servers | tr '\n' ' ')")
  cat <<RULES
table inet $table
delete table inet $table
table inet $table {
  chain closed {
    ct state established,related return
RULES
  if [ -n "$servers" ]; then
    cat <<RULES
    ip daddr { $servers } udp dport 53 return
    ip daddr { $servers } tcp dport 53 return
RULES
  fi
  cat <<RULES
    ip daddr { $(comma "$closed4") } reject comment "berth: metadata and private ranges"
    ip6 daddr { $(comma "$closed6") } reject comment "berth: metadata and private ranges"
  }
  chain closed_host {
    ct state established,related return
RULES
  if [ -n "$servers" ]; then
    cat <<RULES
    ip daddr { $servers } udp dport 53 return
    ip daddr { $servers } tcp dport 53 return
RULES
  fi
  cat <<RULES
    reject comment "berth: this machine's own services"
  }
  chain forward {
    type filter hook forward priority -10; policy accept;
RULES
  for bridge in "$@"; do printf '    iifname "%s" jump closed comment "berth"\n' "$bridge"; done
  cat <<RULES
  }
  chain input {
    type filter hook input priority -10; policy accept;
RULES
  for bridge in "$@"; do printf '    iifname "%s" jump closed_host comment "berth"\n' "$bridge"; done
  printf '  }\n}\n'
}

nft_apply() {
  nft_rules "$@" | { as_root nft -f - >/dev/null; } 2>&1
}

nft_state() { # on, partly or off
  present=$(as_root nft list table inet "$table" 2>/dev/null </dev/null) || { printf off; return; }
  for bridge in "$@"; do
    case $present in
      *"iifname \"$bridge\" "*) ;;
      *) printf partly; return ;;
    esac
  done
  printf on
}

# --- iptables -------------------------------------------------------------------------------------------------------

iptables_rules() { # FAMILY (4 or 6) BRIDGE…
  family=$1
  shift
  printf '*filter\n:BERTH-FORWARD - [0:0]\n:BERTH-HOST - [0:0]\n:BERTH-CLOSED - [0:0]\n:BERTH-CLOSED-HOST - [0:0]\n'
  for bridge in "$@"; do
    case $bridge in *\*) bridge=${bridge%\*}+ ;; esac
    printf -- '-A BERTH-FORWARD -i %s -m comment --comment berth -j BERTH-CLOSED\n' "$bridge"
    printf -- '-A BERTH-HOST -i %s -m comment --comment berth -j BERTH-CLOSED-HOST\n' "$bridge"
  done
  for chain in BERTH-CLOSED BERTH-CLOSED-HOST; do
    printf -- '-A %s -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN\n' "$chain"
    [ "$family" = 4 ] || continue
    for server in $(name_servers); do
      printf -- '-A %s -d %s -p udp --dport 53 -j RETURN\n' "$chain" "$server"
      printf -- '-A %s -d %s -p tcp --dport 53 -j RETURN\n' "$chain" "$server"
    done
  done
  if [ "$family" = 4 ]; then closed=$closed4; else closed=$closed6; fi
  for range in $closed; do printf -- '-A BERTH-CLOSED -d %s -j REJECT\n' "$range"; done
  printf -- '-A BERTH-CLOSED-HOST -j REJECT\nCOMMIT\n'
}

jump() { # PROGRAM CHAIN TARGET: exactly one jump, first in the chain
  as_root "$1" -w 5 -C "$2" -m comment --comment berth -j "$3" >/dev/null 2>&1 </dev/null ||
    { as_root "$1" -w 5 -I "$2" 1 -m comment --comment berth -j "$3" >/dev/null </dev/null; } 2>&1
}

forward_chain() { # DOCKER-USER survives the engine's restart, and is looked at first
  if quietly "$1" -w 5 -n -L DOCKER-USER; then printf DOCKER-USER; else printf FORWARD; fi
}

iptables_apply_one() { # PROGRAM FAMILY BRIDGE…
  program=$1
  family=$2
  shift 2
  iptables_rules "$family" "$@" | { as_root "$program-restore" -w 5 --noflush >/dev/null; } 2>&1 || return 1
  jump "$program" "$(forward_chain "$program")" BERTH-FORWARD || return 1
  jump "$program" INPUT BERTH-HOST
}

iptables_apply() {
  iptables_apply_one iptables 4 "$@" || return 1
  # Workspaces' networks have no IPv6; where the kernel has none either, there is nothing to close.
  if has ip6tables; then iptables_apply_one ip6tables 6 "$@" >/dev/null 2>&1 || true; fi
}

iptables_state() {
  rules=$(as_root iptables -w 5 -S 2>/dev/null </dev/null) || { printf off; return; }
  case $rules in
    *'-j BERTH-FORWARD'*) ;;
    *) printf off; return ;;
  esac
  case $rules in
    *'-A INPUT '*'-j BERTH-HOST'*) ;;
    *) printf partly; return ;;
  esac
  for bridge in "$@"; do
    case $bridge in *\*) bridge=${bridge%\*}+ ;; esac
    case $rules in
      *"-A BERTH-FORWARD -i $bridge "*) ;;
      *) printf partly; return ;;
    esac
  done
  printf on
}

iptables_remove() {
  for program in iptables ip6tables; do
    has "$program" || continue
    for place in 'DOCKER-USER BERTH-FORWARD' 'FORWARD BERTH-FORWARD' 'INPUT BERTH-HOST'; do
      while quietly "$program" -w 5 -D "${place% *}" -m comment --comment berth -j "${place#* }"; do :; done
    done
    for chain in BERTH-FORWARD BERTH-HOST BERTH-CLOSED BERTH-CLOSED-HOST; do quietly "$program" -w 5 -F "$chain"; done
    for chain in BERTH-FORWARD BERTH-HOST BERTH-CLOSED BERTH-CLOSED-HOST; do quietly "$program" -w 5 -X "$chain"; done
  done
}

# --------------------------------------------------------------------------------------------------------------------

state() { # of whichever backend holds rules
  if has nft; then
    present_state=$(nft_state "$@")
    if [ "$present_state" != off ]; then
      say backend nft
      say guard "$present_state"
      return
    fi
  fi
  if has iptables; then
    present_state=$(iptables_state "$@")
    [ "$present_state" = off ] || say backend iptables
    say guard "$present_state"
  else
    say guard off
  fi
}

apply() {
  reason=
  if has nft; then
    if reason=$(nft_apply "$@"); then
      iptables_remove
      return
    fi
  fi
  if has iptables; then
    if reason=$(iptables_apply "$@"); then return; fi
  elif ! has nft; then
    reason='neither nft nor iptables is installed'
  fi
  say reason "$(printf '%s' "$reason" | tr '\n' ' ' | cut -c 1-300)"
}

remove() {
  if has nft; then quietly nft delete table inet "$table"; fi
  iptables_remove
}

main() {
  verb=$1
  shift
  for bridge in "$@"; do
    case $bridge in
      '' | -* | *[!A-Za-z0-9_.*-]* | *\**\** | *\*?*)
        say reason "not an interface: $bridge"
        exit 2
        ;;
    esac
  done
  privilege=$(privilege)
  say privilege "$privilege"
  if [ "$privilege" = none ]; then
    say guard unknown
  else
    case $verb in
      status) ;;
      apply) apply "$@" ;;
      remove) remove ;;
      *) exit 2 ;;
    esac
    state "$@"
  fi
  printf 'end=yes\n'
}

main "$@"
