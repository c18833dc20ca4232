#!/bin/sh
# python.sh TEXT ARG...: runs a program of Python 3, if there is one. On a Mac without Apple's tools the name is there, and what
# it runs is a window that offers to install them.
set -u
[ "$(uname)" = Linux ] || exit 127
command -v python3 >/dev/null || exit 127
exec python3 -c "$@"
