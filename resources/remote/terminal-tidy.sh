#!/bin/sh
# terminal-tidy.sh FOLDER PREFIX ID...: removes the records in FOLDER of terminals that begin with PREFIX and are none of
# the IDs. One that is younger than a minute may be of a terminal that is just being opened.
set -u
folder=$1 prefix=$2
shift 2
case $prefix in term_?*) ;; *) exit 1 ;; esac
find "$folder" -maxdepth 1 -type f -name "$prefix*" -mmin +1 2>/dev/null | while IFS= read -r file; do
  name=${file##*/}
  name=${name%%.*}
  for id in "$@"; do [ "$id" != "$name" ] || continue 2; done
  rm -f "$file"
done
exit 0
