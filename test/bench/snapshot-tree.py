#!/usr/bin/python3
"""Makes a folder of files for the bench of snapshots, on the host; says how many as JSON. The same machine, the same tree.

    snapshot-tree.py copy TARGET BYTES    files of this machine's /usr: texts, icons, programs and libraries, until there are so many
    snapshot-tree.py many TARGET COUNT    so many small files and folders, a thousand to a folder
"""
import json
import os
import shutil
import stat
import sys

# What a workspace holds, by its share of the bytes. A folder that is not there or is used up leaves its share to the others.
SOURCES = (
    ('/usr/share/doc', 0.10),
    ('/usr/share/icons', 0.10),
    ('/usr/share/locale', 0.10),
    ('/usr/share/perl', 0.05),
    ('/usr/include', 0.10),
    ('/usr/lib/python3', 0.10),
    ('/usr/bin', 0.10),
    ('/usr/lib', 0.35),
)
# One library of a browser would be a third of the tree.
LARGEST = 32 << 20
# Who the files of a workspace belong to.
OWNER = 1000
ENTRIES_OF_FOLDER = 1000


def files_below(top):
    for folder, names, files in os.walk(top):
        names.sort()
        for name in sorted(files):
            yield os.path.join(folder, name)


def put(source, target):
    """Copies a file or a symbolic link with its time and mode. Returns its bytes."""
    status = os.lstat(source)
    if not (stat.S_ISLNK(status.st_mode) or stat.S_ISREG(status.st_mode)) or status.st_size > LARGEST:
        return 0
    if os.path.lexists(target):
        return 0
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)
    os.chown(target, OWNER, OWNER, follow_symlinks=False)
    return status.st_size


def copy(target, wanted):
    total = copies = 0
    while total < wanted:
        copies += 1
        walks = [[0, share, files_below(top)] for top, share in SOURCES if os.path.isdir(top)]
        while walks and total < wanted:
            # Whoever is farthest behind its share.
            walk = min(walks, key=lambda one: one[0] / one[1])
            source = next(walk[2], None)
            if source is None:
                walks.remove(walk)
                continue
            size = put(source, os.path.join(target, 'copy-%d' % copies, source.lstrip('/')))
            walk[0] += size
            total += size
    return total


def many(target, wanted):
    total = 0
    for number in range(wanted - 1):
        folder = os.path.join(target, 'f%03d' % (number // ENTRIES_OF_FOLDER))
        path = os.path.join(folder, 'n%04d.txt' % number)
        if number % ENTRIES_OF_FOLDER == 0:
            os.mkdir(folder)
            continue
        text = 'file %d of %d\n' % (number, wanted) * (number % 7)
        with open(path, 'w') as file:
            file.write(text)
        total += len(text)
    return total


def main(how, target, wanted):
    size = {'copy': copy, 'many': many}[how](target, int(wanted))
    entries = 1 + sum(len(names) + len(files) for _, names, files in os.walk(target))
    print(json.dumps({'bytes': size, 'entries': entries}))


main(*sys.argv[1:])
