#!/bin/sh
# Health of a shell workspace: a shell starts, and its home takes files. A full disk or a volume of somebody else's shows here.
set -eu

probe=$(mktemp "${HOME:-/home/dev}/.berth-healthy.XXXXXX") || {
  echo "no file can be made in ${HOME:-/home/dev}"
  exit 1
}
rm -f "$probe"
