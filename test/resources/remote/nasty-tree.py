"""Makes the tree that no snapshot may lose anything of, in the folder given. As root: it has device nodes and owners."""
import os
import socket
import subprocess
import sys

os.chdir(sys.argv[1])
os.umask(0o022)


def write(name, data=b'x', mode=None):
    with open(name, 'wb') as file:
        file.write(data)
    if mode is not None:
        os.chmod(name, mode)


# Links, hard and symbolic.
os.makedirs('a/b/c')
os.mkdir('z')
write('a/file', b'hello' * 1000)
os.link('a/file', 'z/linked')
os.link('a/file', 'a/b/again')
for name, target in (
    ('absolute', '/etc/passwd'), ('escaping', '../../../../etc'), ('dangling', 'nowhere'), ('loop', 'loop'),
    ('long-link', 'x' * 4000), ('to-folder', 'a/b'),
):
    os.symlink(target, name)
os.link('loop', 'loop-again', follow_symlinks=False)

# Sparse files: one with a few bytes in it, nothing but a hole, many small pieces. One of 4 GiB is
# tested with a whole plane (whole-tree): here every way in and out reads them again.
with open('sparse', 'wb') as file:
    file.truncate(1 << 26)
    for at, data in ((1 << 20, b'data'), (1 << 25, b'more'), ((1 << 26) - 4, b'last')):
        file.seek(at)
        file.write(data)
with open('hole', 'wb') as file:
    file.truncate(1 << 24)
with open('pieces', 'wb') as file:
    for index in range(200):
        file.seek(index * 16384)
        file.write(b'piece %d' % index)
write('zeros', bytes(100000))
write('empty-file', b'')

# What is no file.
os.mkfifo('fifo', 0o640)
os.mknod('character', 0o20666, os.makedev(1, 3))
os.mknod('whiteout', 0o20000, 0)
os.mknod('block', 0o60660, os.makedev(7, 300))
socket.socket(socket.AF_UNIX).bind('socket')

# Modes and owners.
for name, mode in (('suid', 0o4755), ('sgid', 0o2711), ('all-bits', 0o7777), ('no-bits', 0)):
    write(name, mode=mode)
for name, mode in (('sticky', 0o1777), ('sgid-folder', 0o2770), ('no-entry', 0)):
    os.mkdir(name)
    write(name + '/inside')
    os.chmod(name, mode)
for name, owner in (('owner', 4294967294), ('middle', 2097152), ('small', 1000)):
    write(name)
    os.chown(name, owner, owner - 1)
os.symlink('x', 'owned-link')
os.chown('owned-link', 12345, 54321, follow_symlinks=False)

# Extended attributes, ACLs, capabilities.
write('xattrs')
os.setxattr('xattrs', 'user.binary', b'\0\n=\xff')
os.setxattr('xattrs', 'user.empty', b'')
os.setxattr('xattrs', 'user.long', b'v' * 2000)
os.setxattr('xattrs', 'trusted.t', b'tt')
os.setxattr('a', 'trusted.folder', b'd')
os.setxattr('a', 'user.folder', b'd')
os.setxattr('absolute', 'trusted.link', b'l', follow_symlinks=False)
write('acl', mode=0o640)
subprocess.check_call(['setfacl', '-m', 'u:12345:rwx,g:777:r,m::rx', 'acl'])
subprocess.check_call(['setfacl', '-d', '-m', 'u:12345:rwx', 'a/b'])
write('capable', b'#!/bin/true\n', 0o755)
subprocess.check_call(['setcap', 'cap_net_raw,cap_net_admin+ep', 'capable'])

# Names.
for name in (
    b'new\nline', b'tab\there', b'return\r', b'quote\'"`', b'back\\slash', b'\\x41', b'-rf', b'--checkpoint=1',
    b'--checkpoint-action=exec=sh', b'*', b'?', b'[a]', b' blank ', b'bad\xff\xfeutf', b'cut\xe2\x80', b'e\xcc\x81',
    b'\xc3\xa9', b'escape\x1b[31m', b'override\xe2\x80\xae', b'c1\xc2\x9b', b'del\x7f', b'\xe6\x97\xa5\xe6\x9c\xac',
    b'...', b'..a', b'n' * 255, b'.berth-partial', b"tar: x: Cannot open: No such file or directory",
):
    write(name)
os.mkdir('deep')
above = os.open('deep', os.O_RDONLY)
for _ in range(17):
    os.mkdir('d' * 199, dir_fd=above)
    below = os.open('d' * 199, os.O_RDONLY, dir_fd=above)
    os.close(above)
    above = below
os.close(os.open('leaf', os.O_CREAT | os.O_WRONLY, dir_fd=above))
os.close(above)

# Times, to the nanosecond: 1901, just before and at 1970, after 2038 and after 2106. Folders last.
for name, ns in (
    ('in-1901', -2147483647123456789), ('before-1970', -1500000000), ('almost-1970', -1), ('in-1970', 0), ('one', 1),
    ('after-2038', 2147483648999999999), ('after-2106', 4294967296000000001),
):
    write(name)
    os.utime(name, ns=(ns, ns))
os.utime('dangling', ns=(987654321, 987654321), follow_symlinks=False)
os.mkdir('empty')
for name in ('empty', 'a/b', 'a', 'no-entry', '.'):
    os.utime(name, ns=(123456789, 123456789))
