"""The files of one workspace, as its own user sees them, for as long as its standard input is open.

`--alone REQUEST` is another thing: one request on a host itself, as the login that runs it, without frames. Otherwise it
runs in a helper container. `--process ID`: it shares the process namespace of the workspace's container ID and makes the
root of that container's first process its own; then every link, mount and permission is the kernel's business. `--volume
FOLDER`: FOLDER is all there is (the container does not run). Before the first request it becomes the workspace's user and
gives up every capability; what it imports and loads, it has imported and loaded before the root changed, since nothing in
a workspace's root is to be run here. Guarantees: nothing but a regular file is ever read or written (a FIFO or a device
holds nobody up), what is deleted, copied or changed with all that is in it never leaves its folder through a link that
was put there meanwhile (openat(2), O_NOFOLLOW), and a file that is written is there whole or not at all.

Many requests share standard input and output. A frame is 1 byte of kind, 4 bytes of request, 4 bytes of length
(big-endian) and so many bytes. Both sides may have WINDOW bytes of a request's DATA and ITEMs under way, and more as the
other side returns credit. Names and texts are JSON; a name that is no UTF-8 is told with U+FFFD.

To it:    REQUEST (JSON), DATA, END (no more data), CREDIT (4 bytes: count), CANCEL
From it:  READY (request 0, JSON), ITEM (JSON), DATA, RESULT (JSON: its end), FAIL (JSON: its end), CREDIT

Python 3.6, nothing but its own library. Long since it is one program that has to be one file.
"""
import argparse
import binascii
import ctypes
import errno
import fcntl
import json
import os
import queue
import re
import resource
import stat
import struct
import sys
import threading
import time

READY, REQUEST, DATA, END, CREDIT, CANCEL, ITEM, RESULT, FAIL = range(9)
HEAD = struct.Struct('>BII')
WINDOW = 4194304
PIECE = 262144
MOST_BYTES = 1 << 20
MOST_WORKERS = 48
# Entries in one ITEM of a folder; the first ones go out at once.
PART = 400
FIRST_PART = 100
FIRST_PART_SECONDS = 0.05
TOLD_EVERY_SECONDS = 0.2
# Folders within folders that are gone into at once: each takes an open file.
DEEPEST = 400
MOST_NAMES_BYTES = 4 << 20
# Of the attributes of one file: what is more does not fit a request.
MOST_ATTRIBUTES_BYTES = 256 << 10
# Other attributes (xattr(7)) that somebody gave to a file, and that mean something only where it lies.
LOCAL_ATTRIBUTES = ('system.posix_acl_access', 'system.posix_acl_default', 'security.capability')
PARTIAL = re.compile(rb'\.(?:.*\.)?berth-([0-9a-z]{20})\Z', re.DOTALL)
# What broke off and nobody came back for; for an edit nobody does.
PARTIAL_SECONDS = 7 * 86400
EDIT_SECONDS = 3600
# <linux/fs.h>, renameat2(2), prctl(2), capset(2)
RENAME_NOREPLACE, RENAME_EXCHANGE = 1, 2
FICLONE = 0x40049409
PR_SET_DUMPABLE = 4
CAPABILITY_VERSION_3 = 0x20080522
SCANS_FD = sys.version_info >= (3, 7)
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC

libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    def __init__(self, code, path=b''):
        super().__init__(code)
        self.code = code
        self.path = path


class Cancelled(Exception):
    pass


def os_error(number, path):
    return OSError(number, os.strerror(number), path)


def text(name):
    return name.decode('utf-8', 'replace')


# ---- Requests ----


class Output:
    def __init__(self):
        self.lock = threading.Lock()

    def send(self, kind, number, payload=b''):
        message = memoryview(HEAD.pack(kind, number, len(payload)) + payload)
        with self.lock:
            while message:
                message = message[os.write(1, message):]


class Request:
    """One request, worked on by one thread."""

    def __init__(self, number, body, output):
        self.number = number
        self.body = body
        self.output = output
        self.input = queue.Queue()
        self.credit = WINDOW
        self.change = threading.Condition()
        self.is_cancelled = False
        # Of an edit: folder and name of what it writes, which nobody comes back for.
        self.litter = None

    def path(self, name='path'):
        return self.body[name].encode('utf-8')

    def give(self, count):
        with self.change:
            self.credit += count
            self.change.notify()

    def cancel(self):
        with self.change:
            self.is_cancelled = True
            self.change.notify()
        self.input.put(None)

    def check(self):
        if self.is_cancelled:
            raise Cancelled()

    def stream(self, kind, payload):
        with self.change:
            while self.credit <= 0 and not self.is_cancelled:
                self.change.wait()
            self.check()
            self.credit -= len(payload)
        self.output.send(kind, self.number, payload)

    def item(self, value):
        self.stream(ITEM, encode(value))

    def received(self):
        """What is sent to it, until its end."""
        while True:
            piece = self.input.get()
            self.check()
            if piece is None:
                return
            yield piece
            self.output.send(CREDIT, self.number, struct.pack('>I', len(piece)))

    def run(self):
        try:
            result = handlers[self.body['do']](self)
            self.output.send(RESULT, self.number, encode(result if result is not None else {}))
        except Cancelled:
            self.fail(code='cancelled')
        except Failure as failure:
            self.fail(code=failure.code, path=text(failure.path))
        except OSError as error:
            name = error.filename
            path = os.fsencode(name) if isinstance(name, (str, bytes)) else b''
            self.fail(errno=errno.errorcode.get(error.errno, str(error.errno)), path=text(path))
        except Exception as error:
            self.fail(code='mistake', message='%s: %s' % (type(error).__name__, str(error)[:200]))

    def fail(self, **words):
        self.output.send(FAIL, self.number, encode(words))


def encode(value):
    return json.dumps(value).encode('ascii')


class Workers:
    """Threads that never end: glibc would load a library for that, out of the workspace's root."""

    def __init__(self):
        self.waiting = queue.Queue()
        self.lock = threading.Lock()
        self.idle = 0
        self.count = 0

    def take(self, request):
        with self.lock:
            if self.idle == 0 and self.count < MOST_WORKERS:
                self.count += 1
                threading.Thread(target=self.work, daemon=True).start()
            else:
                self.idle -= 1
        self.waiting.put(request)

    def work(self):
        while True:
            request = self.waiting.get()
            try:
                request.run()
            except OSError:
                # Nobody reads what it says.
                leave()
            requests.pop(request.number, None)
            with self.lock:
                self.idle += 1


requests = {}
# Held while a file is put in its place: what is exchanged may have to be exchanged back.
placing = threading.Lock()


def leave():
    """Nobody is there any more. No exchange is left half done, and nothing of an edit."""
    with placing:
        for litter in [request.litter for request in list(requests.values())]:
            if litter is not None:
                try:
                    os.unlink(litter[1], dir_fd=litter[0])
                except OSError:
                    pass
        os._exit(0)


# ---- Names of owners ----


class Names:
    """passwd(5) or group(5), read as a plain file: the library's own way would load code out of the workspace's root."""

    def __init__(self, path):
        self.path = path
        self.known = None
        self.mark = None

    def of(self, number):
        return self.known.get(number, str(number))

    def refresh(self):
        try:
            fd = open_regular(self.path)
        except (OSError, Failure):
            self.known, self.mark = {}, None
            return
        try:
            about = os.fstat(fd)
            mark = (about.st_ino, about.st_mtime_ns, about.st_size)
            if mark != self.mark:
                known = {}
                for line in os.read(fd, MOST_NAMES_BYTES).split(b'\n'):
                    fields = line.split(b':')
                    if len(fields) > 2 and fields[2].isdigit():
                        known.setdefault(int(fields[2]), text(fields[0]))
                self.known, self.mark = known, mark
        finally:
            os.close(fd)


users = Names(b'/etc/passwd')
groups = Names(b'/etc/group')


# ---- Entries ----


def kind_of(mode):
    if stat.S_ISREG(mode):
        return 'file'
    if stat.S_ISDIR(mode):
        return 'folder'
    return 'link' if stat.S_ISLNK(mode) else 'other'


def version_of(about):
    return '%x-%x-%x' % (about.st_size, about.st_mtime_ns, about.st_ino)


def entry_of(name, about, folder_fd, at):
    """`at`: the name by which it is found from `folder_fd`."""
    kind = kind_of(about.st_mode)
    target = target_kind = None
    if kind == 'link':
        try:
            target = text(os.readlink(at, dir_fd=folder_fd))
            target_kind = kind_of(os.stat(at, dir_fd=folder_fd).st_mode)
        except OSError:
            pass
    return {
        'name': text(name), 'kind': kind, 'sizeBytes': about.st_size, 'mode': stat.S_IMODE(about.st_mode),
        'owner': users.of(about.st_uid), 'group': groups.of(about.st_gid),
        'modifiedAtMs': about.st_mtime_ns // 1000000, 'target': target, 'targetKind': target_kind,
        'version': version_of(about),
    }


def refresh_names():
    users.refresh()
    groups.refresh()


def entry_at(path):
    refresh_names()
    return entry_of(last_name(path), os.lstat(path), None, path)


def split(path):
    """Folder and name, as rename(2) would take them."""
    trimmed = path.rstrip(b'/')
    folder, _, name = trimmed.rpartition(b'/')
    if name in (b'', b'.', b'..'):
        raise os_error(errno.EINVAL, path)
    return folder or b'/', name


def last_name(path):
    return path.rstrip(b'/').rpartition(b'/')[2] or b'/'


def open_folder(path, dir_fd=None, follows=True):
    return os.open(path, FOLDER | (0 if follows else os.O_NOFOLLOW), dir_fd=dir_fd)


class Folder:
    """Descriptor of a folder that stands for it, wherever its name leads by then."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.fd = os.open(self.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        return self.fd

    def __exit__(self, *_):
        os.close(self.fd)


def open_regular(path, dir_fd=None, follows=True):
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | (0 if follows else os.O_NOFOLLOW)
    # A device may do something when it is opened: looked at before, and again afterwards.
    if not stat.S_ISREG(os.stat(path, dir_fd=dir_fd, follow_symlinks=follows).st_mode):
        raise Failure('wrong-kind', path)
    fd = os.open(path, flags, dir_fd=dir_fd)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Failure('wrong-kind', path)
    return fd


def names_in(fd, path):
    """As they come, never all at once."""
    if SCANS_FD:
        with os.scandir(fd) as entries:
            for entry in entries:
                yield os.fsencode(entry.name)
    else:
        # 3.6 cannot; the whole list is read there.
        for name in os.listdir(fd):
            yield os.fsencode(name)


# ---- Looking ----


def look(request):
    path = request.path()
    try:
        return {'entry': entry_at(path)}
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return {'entry': None}
        raise


def resolve(request):
    path = os.path.realpath(request.path())
    os.stat(path)
    return {'path': text(path)}


def may_write(request):
    path = request.path()
    about = os.stat(path)
    needed = os.W_OK | os.X_OK if stat.S_ISDIR(about.st_mode) else os.W_OK
    return {'isWritable': os.access(path, needed)}


def list_folder(request):
    path = request.path()
    refresh_names()
    fd = open_folder(path)
    try:
        head = {'path': text(os.path.realpath(path)), 'isWritable': os.access(path, os.W_OK | os.X_OK)}
        part = []
        is_first, due = True, time.monotonic() + FIRST_PART_SECONDS
        for name in names_in(fd, path):
            try:
                part.append(entry_of(name, os.lstat(name, dir_fd=fd), fd, name))
            except OSError as error:
                if error.errno != errno.ENOENT:
                    raise
                continue
            if len(part) >= (FIRST_PART if is_first else PART) or (is_first and time.monotonic() >= due):
                request.item(dict(head, entries=part))
                part, is_first = [], False
        if part or is_first:
            request.item(dict(head, entries=part))
    finally:
        os.close(fd)


def read(request):
    fd = open_regular(request.path())
    try:
        about = os.fstat(fd)
        refresh_names()
        request.item({'entry': entry_of(last_name(request.path()), about, None, b'')})
        offset = request.body['offset']
        while True:
            piece = os.pread(fd, PIECE, offset)
            if not piece:
                return {}
            request.stream(DATA, piece)
            offset += len(piece)
    finally:
        os.close(fd)


# ---- Writing ----


def partial_name(name, key):
    ending = b'berth-' + key.encode('ascii')
    if len(name) <= 200:
        return b'.' + name + b'.' + ending
    # FNV-1a: two long names of one folder are told apart, which is all.
    mark = 0xcbf29ce484222325
    for byte in name:
        mark = ((mark ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return b'.%016x.' % mark + ending


def uploaded(request):
    folder, name = split(request.path())
    with Folder(folder) as at:
        try:
            about = os.lstat(partial_name(name, request.body['key']), dir_fd=at)
        except FileNotFoundError:
            return {'bytes': 0}
        return {'bytes': about.st_size if is_own_file(about) else 0}


def is_own_file(about):
    return stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid() and about.st_nlink == 1


def discard_upload(request):
    folder, name = split(request.path())
    with Folder(folder) as at:
        unlink_if_there(partial_name(name, request.body['key']), at)


def unlink_if_there(name, at):
    try:
        os.unlink(name, dir_fd=at)
    except FileNotFoundError:
        pass


def write(request):
    body = request.body
    folder, name = split(request.path())
    with Folder(folder) as at:
        partial = partial_name(name, body['key'])
        refuse_early(at, name, body['replaces'], request.path())
        fd = open_partial(at, partial, body['offset'], request.path())
        request.litter = (at, partial) if body['isEdit'] else None
        try:
            offset = body['offset']
            request.output.send(ITEM, request.number, b'{}')
            for piece in request.received():
                view = memoryview(piece)
                while view:
                    count = os.pwrite(fd, view, offset)
                    view, offset = view[count:], offset + count
            if body['size'] is not None and offset != body['size']:
                raise Failure('incomplete', request.path())
            finish(request, at, {'fd': fd, 'partial': partial, 'name': name})
        finally:
            request.litter = None
            os.close(fd)
        if not body['isStaged']:
            sweep(folder, at)


def refuse_early(at, name, replaces, path):
    """What would be refused in the end is not sent at all."""
    before = lstat_or_none(name, at)
    if replaces == 'nothing' and before is not None:
        raise os_error(errno.EEXIST, path)
    if before is not None and stat.S_ISDIR(before.st_mode):
        raise os_error(errno.EISDIR, path)
    if replaces not in ('nothing', 'anything') and (before is None or version_of(before) != replaces):
        raise Failure('changed', path)


def open_partial(at, partial, offset, path):
    flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    if offset == 0:
        unlink_if_there(partial, at)
        try:
            return os.open(partial, flags | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=at)
        except FileExistsError:
            raise Failure('changed', path)
    try:
        fd = os.open(partial, flags, dir_fd=at)
    except OSError as error:
        # ELOOP: a link was put there, ENXIO: a FIFO.
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
            raise Failure('partial-gone', path)
        raise
    about = os.fstat(fd)
    if not is_own_file(about) or about.st_size < offset:
        os.close(fd)
        raise Failure('partial-gone', path)
    os.ftruncate(fd, offset)
    return fd


def lstat_or_none(name, at):
    try:
        return os.lstat(name, dir_fd=at)
    except FileNotFoundError:
        return None


def finish(request, at, new):
    body, fd = request.body, new['fd']
    before = lstat_or_none(new['name'], at)
    if before is not None and not stat.S_ISREG(before.st_mode):
        before_file = None
    else:
        before_file = before
    if before_file is not None and body['replaces'] != 'nothing':
        try:
            os.fchown(fd, before_file.st_uid if os.geteuid() == 0 else -1, before_file.st_gid)
        except OSError:
            # It then belongs to whoever writes it.
            pass
        keep_attributes(new['name'], at, fd)
    mode = body['mode']
    if mode is None:
        mode = stat.S_IMODE(before_file.st_mode) if before_file is not None else 0o666 & ~umask
    os.fchmod(fd, mode)
    if body['modifiedAtMs'] is not None:
        at_ns = body['modifiedAtMs'] * 1000000
        os.utime(fd, ns=(at_ns, at_ns))
    if body['isStaged']:
        os.replace(new['partial'], new['name'], src_dir_fd=at, dst_dir_fd=at)
        return
    os.fsync(fd)
    with placing:
        there = lstat_or_none(new['partial'], at)
        if there is None or not os.path.samestat(there, os.fstat(fd)):
            raise Failure('partial-gone', request.path())
        request.litter = None
        put_in_place(at, new['partial'], new['name'], body['replaces'], request.path())
    sync_folder(at)


def keep_attributes(name, at, fd):
    """Extended attributes, and with them access lists (acl(5)), as far as this user may set them."""
    try:
        before = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=at)
    except OSError:
        return
    try:
        copy_attributes(before, fd)
    finally:
        os.close(before)


def copy_attributes(fd, to_fd):
    """Returns whether all that somebody gave it is there too."""
    try:
        attributes = os.listxattr(fd)
    except OSError:
        # A file system that has none.
        return True
    is_whole = True
    for attribute in attributes:
        try:
            os.setxattr(to_fd, attribute, os.getxattr(fd, attribute))
        except OSError:
            is_whole = is_whole and not is_given(attribute)
    return is_whole


def is_given(attribute):
    """By a person or a program, and not by the system."""
    return attribute.startswith('user.') or attribute in LOCAL_ATTRIBUTES


def put_in_place(at, partial, name, replaces, path):
    if replaces == 'nothing':
        move_without_replacing(partial, at, name, at)
    elif replaces == 'anything':
        os.replace(partial, name, src_dir_fd=at, dst_dir_fd=at)
    else:
        exchange(at, partial, name, replaces, path)


def exchange(at, partial, name, version, path):
    """What was there is looked at when nobody can put another in its place any more, and put back if it is another."""
    try:
        rename2(partial, at, name, at, RENAME_EXCHANGE)
    except FileNotFoundError:
        raise Failure('changed', path)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EINVAL):
            raise
        before = lstat_or_none(name, at)
        if before is None or version_of(before) != version:
            raise Failure('changed', path)
        os.replace(partial, name, src_dir_fd=at, dst_dir_fd=at)
        return
    before = os.lstat(partial, dir_fd=at)
    if stat.S_ISREG(before.st_mode) and version_of(before) == version:
        os.unlink(partial, dir_fd=at)
        return
    rename2(partial, at, name, at, RENAME_EXCHANGE)
    raise Failure('changed', path)


def rename2(name, at, to_name, to_at, flags):
    call = getattr(libc, 'renameat2', None)
    if call is None:
        raise os_error(errno.ENOSYS, name)
    if call(at, ctypes.c_char_p(name), to_at, ctypes.c_char_p(to_name), ctypes.c_uint(flags)) != 0:
        raise os_error(ctypes.get_errno(), name)


def move_without_replacing(name, at, to_name, to_at):
    try:
        rename2(name, at, to_name, to_at, RENAME_NOREPLACE)
        return
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EINVAL):
            raise
    if stat.S_ISDIR(os.lstat(name, dir_fd=at).st_mode):
        # rename(2) puts a folder over nothing but an empty one.
        if lstat_or_none(to_name, to_at) is not None:
            raise os_error(errno.EEXIST, to_name)
        os.rename(name, to_name, src_dir_fd=at, dst_dir_fd=to_at)
        return
    os.link(name, to_name, src_dir_fd=at, dst_dir_fd=to_at, follow_symlinks=False)
    os.unlink(name, dir_fd=at)


def sync_folder(at):
    try:
        fd = open_folder(b'.', dir_fd=at)
    except OSError:
        return
    try:
        os.fsync(fd)
    except OSError:
        pass
    finally:
        os.close(fd)


def sync(request):
    fd = open_folder(request.path())
    try:
        call = getattr(libc, 'syncfs', None)
        if call is None:
            os.sync()
        elif call(fd) != 0:
            raise os_error(ctypes.get_errno(), request.path())
    finally:
        os.close(fd)


swept = {}


def sweep(path, at):
    """What broke off and nobody came back for. Once an hour for a folder, since a large one takes its time."""
    now = time.time()
    if now - swept.get(path, 0) < 3600:
        return
    if len(swept) > 1000:
        swept.clear()
    swept[path] = now
    try:
        fd = open_folder(b'.', dir_fd=at)
    except OSError:
        return
    try:
        for name in [name for name in names_in(fd, path) if name[:1] == b'.']:
            match = PARTIAL.match(name)
            if match is None:
                continue
            kept = EDIT_SECONDS if match.group(1).startswith(b'edit') else PARTIAL_SECONDS
            try:
                about = os.lstat(name, dir_fd=fd)
                if is_own_file(about) and now - max(about.st_mtime, about.st_ctime) > kept:
                    os.unlink(name, dir_fd=fd)
            except OSError:
                pass
    except OSError:
        pass
    finally:
        os.close(fd)


# ---- Changing ----


def make_folder(request):
    path = request.path().rstrip(b'/') or b'/'
    mode = request.body['mode']
    missing = []
    above = os.path.dirname(path)
    while above not in (b'', b'/') and not os.path.lexists(above):
        missing.append(above)
        above = os.path.dirname(above)
    for folder in reversed(missing):
        try:
            os.mkdir(folder)
        except FileExistsError:
            pass
    try:
        os.mkdir(path, 0o777 if mode is None else mode)
        if mode is not None:
            set_mode_at(path, mode, None)
    except FileExistsError:
        if not request.body['mayExist'] or not os.path.isdir(path):
            raise


def make_link(request):
    os.symlink(request.body['target'].encode('utf-8'), request.path())


def rename(request):
    folder, name = split(request.path())
    to_folder, to_name = split(request.path('to'))
    with Folder(folder) as at, Folder(to_folder) as to_at:
        if request.body['mayReplace']:
            os.replace(name, to_name, src_dir_fd=at, dst_dir_fd=to_at)
        else:
            move_without_replacing(name, at, to_name, to_at)
        sync_folder(to_at)


def remove(request):
    path = request.path()
    try:
        if request.body['isFolder']:
            os.rmdir(path)
        else:
            os.unlink(path)
    except FileNotFoundError:
        pass


def set_mode_at(name, mode, at):
    """Of the thing itself; a link has none of its own."""
    fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
    try:
        about = os.fstat(fd)
        if stat.S_ISLNK(about.st_mode):
            return
        try:
            # chmod(2) takes no O_PATH descriptor; its name in /proc is the thing itself.
            os.chmod('/proc/self/fd/%d' % fd, mode)
        except FileNotFoundError:
            chmod_without_proc(name, mode, at)
    finally:
        os.close(fd)


def chmod_without_proc(name, mode, at):
    if at is not None or b'/' not in name:
        os.chmod(name, mode, dir_fd=at)
        return
    os.chmod(name, mode)


def set_mode(request):
    set_mode_at(request.path(), request.body['mode'], None)


def set_times(request):
    at_ns = request.body['modifiedAtMs'] * 1000000
    os.utime(request.path(), ns=(at_ns, at_ns), follow_symlinks=False)


# ---- With all that is in it ----


class Progress:
    def __init__(self, request):
        self.request = request
        self.items = self.bytes = self.skipped = self.unlinked = self.bare = 0
        # Of a copy: where the first name of a file with several came to.
        self.first_names = {}
        self.told = time.monotonic()

    def add(self, items=0, bytes=0):
        self.items += items
        self.bytes += bytes
        self.request.check()
        now = time.monotonic()
        if now - self.told >= TOLD_EVERY_SECONDS:
            self.told = now
            self.request.item(self.words())

    def words(self):
        return {'items': self.items, 'bytes': self.bytes, 'skipped': self.skipped, 'unlinked': self.unlinked,
                'bare': self.bare}


def remove_tree(request):
    folder, name = split(request.path())
    progress = Progress(request)
    try:
        with Folder(folder) as at:
            remove_at(name, at, progress, request.path())
            sync_folder(at)
    except FileNotFoundError:
        # It is gone, with the folder that it was in.
        pass
    return progress.words()


def remove_at(name, at, progress, path):
    try:
        os.unlink(name, dir_fd=at)
        progress.add(items=1)
        return
    except FileNotFoundError:
        return
    except OSError as error:
        # unlink(2): EISDIR on Linux; EPERM by POSIX.
        if error.errno not in (errno.EISDIR, errno.EPERM) or not stat.S_ISDIR(os.lstat(name, dir_fd=at).st_mode):
            raise OSError(error.errno, error.strerror, path)
    try:
        top = open_folder(name, dir_fd=at, follows=False)
    except PermissionError:
        # An empty one that may not be read may still be deleted.
        os.rmdir(name, dir_fd=at)
        progress.add(items=1)
        return
    stack = [(top, name, at)]
    failed = None
    depths = 0
    try:
        while stack:
            fd, own_name, parent = stack[-1]
            deeper = None
            is_empty = True
            for child in names_in(fd, path):
                if failed is not None and (fd, child) in failed[1]:
                    continue
                is_empty = False
                try:
                    os.unlink(child, dir_fd=fd)
                    progress.add(items=1)
                    continue
                except FileNotFoundError:
                    continue
                except OSError as error:
                    try:
                        if error.errno in (errno.EISDIR, errno.EPERM):
                            deeper = open_folder(child, dir_fd=fd, follows=False)
                    except OSError as inner:
                        error = inner
                        if inner.errno == errno.EACCES:
                            try:
                                os.rmdir(child, dir_fd=fd)
                                progress.add(items=1)
                                continue
                            except OSError:
                                pass
                    if deeper is None:
                        failed = failed or (OSError(error.errno, error.strerror, path + b'/.../' + child), set())
                        failed[1].add((fd, child))
                        continue
                if len(stack) >= DEEPEST:
                    # Too deep for as many open files: it goes on at the top.
                    os.close(deeper)
                    deeper = None
                    depths += 1
                    os.rename(child, b'.berth-deep-%d-%d' % (os.getpid(), depths), src_dir_fd=fd, dst_dir_fd=top)
                    continue
                break
            if deeper is not None:
                stack.append((deeper, child, fd))
                continue
            if not is_empty:
                # Read again until nothing is left: deleting while reading may leave some out.
                continue
            stack.pop()
            try:
                os.rmdir(own_name, dir_fd=parent)
                progress.add(items=1)
            except OSError as error:
                if error.errno == errno.ENOENT:
                    pass
                elif failed is not None or error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    failed = failed or (OSError(error.errno, error.strerror, path), set())
                    failed[1].add((parent, own_name))
                else:
                    stack.append((fd, own_name, parent))
                    continue
            os.close(fd)
            if failed is not None:
                failed[1].difference_update([pair for pair in failed[1] if pair[0] == fd])
    finally:
        for fd, _, _ in stack:
            os.close(fd)
    if failed is not None:
        raise failed[0]


def set_mode_tree(request):
    folder, name = split(request.path())
    mode, progress = request.body['mode'], Progress(request)
    folder_mode = mode | (mode & 0o444) >> 2
    with Folder(folder) as at:
        change_modes(name, at, (mode, folder_mode), progress, request.path())
    return progress.words()


def change_modes(name, at, modes, progress, path, depth=0):
    mode, folder_mode = modes
    about = os.lstat(name, dir_fd=at)
    if not stat.S_ISDIR(about.st_mode):
        set_mode_at(name, mode, at)
        progress.add(items=1)
        return
    if depth > DEEPEST:
        raise Failure('too-deep', path)
    # A folder that is to be closed is gone through first, one that is to be opened is opened first.
    is_opened = folder_mode & 0o700 == 0o700
    if is_opened:
        set_mode_at(name, folder_mode, at)
    fd = open_folder(name, dir_fd=at, follows=False)
    try:
        for child in names_in(fd, path):
            try:
                change_modes(child, fd, modes, progress, path + b'/' + child, depth + 1)
            except FileNotFoundError:
                pass
    finally:
        os.close(fd)
    if not is_opened:
        set_mode_at(name, folder_mode, at)
    progress.add(items=1)


def copy_tree(request):
    folder, name = split(request.path())
    to_folder, to_name = split(request.path('to'))
    progress = Progress(request)
    with Folder(folder) as at, Folder(to_folder) as to_at:
        copy_at((name, at), (to_name, to_at), progress, request.path(), (to_at, to_name))
    return progress.words()


def copy_at(source, target, progress, path, found, depth=0):
    """`found`: a folder that stays open, and the target's name from there."""
    name, at = source
    to_name, to_at = target
    about = os.lstat(name, dir_fd=at)
    times = (about.st_atime_ns, about.st_mtime_ns)
    if stat.S_ISLNK(about.st_mode):
        os.symlink(os.readlink(name, dir_fd=at), to_name, dir_fd=to_at)
        os.utime(to_name, ns=times, dir_fd=to_at, follow_symlinks=False)
    elif stat.S_ISREG(about.st_mode):
        if not is_linked(about, target, progress):
            copy_file(source, target, progress, path)
            if about.st_nlink > 1:
                progress.first_names[(about.st_dev, about.st_ino)] = found
    elif stat.S_ISDIR(about.st_mode):
        if depth > DEEPEST:
            raise Failure('too-deep', path)
        os.mkdir(to_name, 0o700, dir_fd=to_at)
        fd = open_folder(name, dir_fd=at, follows=False)
        try:
            to_fd = open_folder(to_name, dir_fd=to_at, follows=False)
            try:
                for child in names_in(fd, path):
                    try:
                        below = found[0], found[1] + b'/' + child
                        copy_at((child, fd), (child, to_fd), progress, path + b'/' + child, below, depth + 1)
                    except FileNotFoundError:
                        # Deleted meanwhile: then it is not copied.
                        if lstat_or_none(child, fd) is not None:
                            raise
                if not copy_attributes(fd, to_fd):
                    progress.bare += 1
                os.fchmod(to_fd, stat.S_IMODE(about.st_mode))
                os.utime(to_fd, ns=times)
            finally:
                os.close(to_fd)
        finally:
            os.close(fd)
    else:
        progress.skipped += 1
        return
    progress.add(items=1)


def is_linked(about, target, progress):
    """Whether it is a further name of a file that was copied, and the target could get one too (link(2))."""
    first = progress.first_names.get((about.st_dev, about.st_ino)) if about.st_nlink > 1 else None
    if first is None:
        return False
    try:
        os.link(first[1], target[0], src_dir_fd=first[0], dst_dir_fd=target[1], follow_symlinks=False)
        return True
    except OSError:
        progress.unlinked += 1
        return False


def copy_file(source, target, progress, path):
    fd = open_regular(source[0], dir_fd=source[1], follows=False)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        to_fd = os.open(target[0], flags, 0o600, dir_fd=target[1])
        try:
            about = os.fstat(fd)
            if not is_cloned(fd, to_fd):
                copy_bytes(fd, to_fd, progress)
            else:
                progress.add(bytes=about.st_size)
            if not copy_attributes(fd, to_fd):
                progress.bare += 1
            os.fchmod(to_fd, stat.S_IMODE(about.st_mode))
            os.utime(to_fd, ns=(about.st_atime_ns, about.st_mtime_ns))
        finally:
            os.close(to_fd)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path)
    finally:
        os.close(fd)


def is_cloned(fd, to_fd):
    """Where the file system shares blocks between files (ioctl_ficlone(2))."""
    try:
        fcntl.ioctl(to_fd, FICLONE, fd)
        return True
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
        return False


def copy_bytes(fd, to_fd, progress):
    by_range = getattr(os, 'copy_file_range', None)
    while by_range is not None:
        try:
            count = by_range(fd, to_fd, 16 * 1048576)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
            break
        if count == 0:
            # Some file systems say so of files that do have bytes: reading tells.
            break
        progress.add(bytes=count)
    while True:
        piece = os.read(fd, 1048576)
        if not piece:
            return
        view = memoryview(piece)
        while view:
            view = view[os.write(to_fd, view):]
        progress.add(bytes=len(piece))


def extras(request):
    """What a listing does not tell of the files of a tree: which names are one file's, and attributes."""
    folder = request.path()
    part = []
    size = 0

    def tell(name, at, about, told_name, depth):
        nonlocal part, size
        one = extras_of(name, at, about, told_name)
        if one is not None:
            part.append(one)
            size += len(told_name) + sum(len(value) for value in one['attributes'].values()) + 200
        if size >= MOST_BYTES // 2:
            request.item({'extras': part})
            part, size = [], 0
        if not stat.S_ISDIR(about.st_mode) or depth > DEEPEST:
            return
        fd = open_folder(name, dir_fd=at, follows=False)
        try:
            for child in names_in(fd, folder):
                request.check()
                visit(child, fd, told_name + '/' + text(child), depth + 1)
        finally:
            os.close(fd)

    def visit(name, at, told_name, depth):
        try:
            tell(name, at, os.lstat(name, dir_fd=at), told_name, depth)
        except OSError:
            # What cannot be looked at is not copied either, which says why.
            pass

    with Folder(folder) as at:
        for name in request.body['names']:
            visit(name.encode('utf-8'), at, name, 0)
    request.item({'extras': part})


def extras_of(name, at, about, told_name):
    """None: there is nothing to tell. Nothing but files and folders is opened."""
    is_file = stat.S_ISREG(about.st_mode)
    if not is_file and not stat.S_ISDIR(about.st_mode):
        return None
    number = '%x:%x' % (about.st_dev, about.st_ino) if is_file and about.st_nlink > 1 else None
    attributes, has_more = {}, False
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=at)
    try:
        size = 0
        for attribute in os.listxattr(fd):
            if attribute in LOCAL_ATTRIBUTES:
                has_more = True
            elif attribute.startswith('user.'):
                value = os.getxattr(fd, attribute)
                size += len(value) + len(attribute)
                if size > MOST_ATTRIBUTES_BYTES or '\ufffd' in text(os.fsencode(attribute)):
                    has_more = True
                else:
                    attributes[attribute] = binascii.b2a_base64(value).decode('ascii').strip()
    except OSError:
        # A file system that has none.
        pass
    finally:
        os.close(fd)
    if number is None and not attributes and not has_more:
        return None
    return {'name': told_name, 'fileId': number, 'attributes': attributes, 'hasMore': has_more}


def give_extras(request):
    """Returns the names that got no further name of their file, and those that did not get all attributes."""
    body = request.body
    unlinked, bare = [], []
    with Folder(request.path()) as at:
        for one in body['links']:
            name = one['name'].encode('utf-8')
            try:
                unlink_if_there(name, at)
                os.link(one['of'].encode('utf-8'), name, src_dir_fd=at, dst_dir_fd=at, follow_symlinks=False)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                    raise
                unlinked.append(one['name'])
        for one in body['attributes']:
            if not is_attributed(one['name'].encode('utf-8'), at, one['attributes'], one['mode']):
                bare.append(one['name'])
    return {'unlinked': unlinked, 'bare': bare}


def is_attributed(name, at, attributes, mode):
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=at)
    except OSError:
        return False
    try:
        # Whoever may not write to it may not give it attributes either, its owner or not (xattr(7)).
        set_mode_of(fd, mode | 0o200)
        try:
            for attribute, value in attributes.items():
                os.setxattr(fd, attribute, binascii.a2b_base64(value))
        finally:
            set_mode_of(fd, mode)
        return True
    except OSError as error:
        if error.errno in (errno.EDQUOT, errno.EIO):
            raise
        return False
    finally:
        os.close(fd)


def set_mode_of(fd, mode):
    """Where it has another: whoever is not its owner may not set even the same one."""
    if stat.S_IMODE(os.fstat(fd).st_mode) != mode:
        os.fchmod(fd, mode)


handlers = {
    'look': look, 'resolve': resolve, 'mayWrite': may_write, 'list': list_folder, 'read': read, 'uploaded': uploaded,
    'discardUpload': discard_upload, 'write': write, 'makeFolder': make_folder, 'makeLink': make_link, 'rename': rename,
    'remove': remove, 'sync': sync, 'setMode': set_mode, 'setTimes': set_times, 'removeTree': remove_tree,
    'setModeTree': set_mode_tree, 'copyTree': copy_tree, 'extras': extras, 'giveExtras': give_extras,
}


# ---- Becoming the workspace's user ----


class CapHeader(ctypes.Structure):
    _fields_ = [('version', ctypes.c_uint32), ('pid', ctypes.c_int)]


class CapData(ctypes.Structure):
    _fields_ = [('effective', ctypes.c_uint32), ('permitted', ctypes.c_uint32), ('inheritable', ctypes.c_uint32)]


def fields_of_first():
    with open('/proc/1/status', 'rb') as file:
        lines = file.read().decode('ascii', 'replace').split('\n')
    return {key: value.split() for key, _, value in (line.partition(':') for line in lines)}


def is_container(container_id):
    """
    Whether the first process of this namespace is in that container: its engine has put files of the container's own
    there. With a runtime that is no namespace of this kernel (gVisor, Kata), or one that shares the machine's processes,
    the first process would be somebody else, of the machine perhaps.
    """
    wanted = container_id.encode('ascii')
    with open('/proc/1/mountinfo', 'rb') as file:
        for line in file:
            fields = line.split(b' ')
            if len(fields) > 4 and fields[4] in (b'/etc/hostname', b'/etc/hosts', b'/etc/resolv.conf') and wanted in fields[3]:
                return True
    return False


def enter(args):
    """Returns user, group, further groups and umask."""
    if args.process is not None:
        if not is_container(args.process):
            raise Failure('not-that-container')
        fields = fields_of_first()
        who = int(fields['Uid'][1]), int(fields['Gid'][1]), [int(one) for one in fields['Groups']]
        mask = int(fields['Umask'][0], 8) if 'Umask' in fields else 0o022
        os.chroot('/proc/1/root')
    else:
        os.chroot(args.volume)
        about = os.stat(args.start)
        who, mask = (about.st_uid, about.st_gid, []), 0o022
    os.chdir('/')
    return who + (mask,)


def become(uid, gid, groups):
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    # Root stays root in the numbers: without capabilities it is one user among others.
    header, none = CapHeader(CAPABILITY_VERSION_3, 0), (CapData * 2)()
    if libc.capset(ctypes.byref(header), none) != 0:
        raise os_error(ctypes.get_errno(), b'capset')
    # Not to be looked into by processes of the workspace, which have the same user (ptrace(2)).
    if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise os_error(ctypes.get_errno(), b'prctl')


def preload():
    """What Python and glibc would otherwise load when it is first needed."""
    try:
        ctypes.CDLL('libgcc_s.so.1')
    except OSError:
        pass
    binascii.a2b_base64(binascii.b2a_base64(b'a'))
    'ä'.encode('utf-8').decode('utf-8', 'replace')
    b'\xff'.decode('utf-8', 'replace')
    'a'.encode('ascii')
    json.loads('{"a": [1, 1.5, "\\u00e4", null, true]}')
    json.dumps({'a': [1, None, True, 'ä']})
    time.time(), time.monotonic()
    os.fsdecode(b'\xff')


def read_exactly(count):
    pieces = []
    while count:
        piece = os.read(0, min(count, MOST_BYTES))
        if not piece:
            leave()
        pieces.append(piece)
        count -= len(piece)
    return pieces[0] if len(pieces) == 1 else b''.join(pieces)


def take(kind, number, payload, output, workers):
    request = requests.get(number)
    if kind == REQUEST and request is None:
        request = requests[number] = Request(number, json.loads(payload.decode('utf-8')), output)
        workers.take(request)
    elif request is None:
        # It has ended, and this crossed the word of that.
        return
    elif kind == DATA:
        request.input.put(payload)
    elif kind == END:
        request.input.put(None)
    elif kind == CREDIT:
        request.give(struct.unpack('>I', payload)[0])
    elif kind == CANCEL:
        request.cancel()


class Alone:
    """One request of a host's own login, which nobody else shares: its body on standard input, each answer a line."""

    path = Request.path

    def __init__(self, body):
        self.body = body

    def check(self):
        pass

    def item(self, value):
        sys.stdout.write(json.dumps(value) + '\n')


def run_alone(name):
    request = Alone(json.loads(sys.stdin.buffer.read().decode('utf-8')))
    try:
        request.item(handlers[name](request) or {})
        sys.stdout.flush()
        return 0
    except OSError as error:
        # As other programs of a host say it.
        sys.stderr.write('%s: %s\n' % (name, os.strerror(error.errno)))
        sys.stderr.flush()
        return 2


def main(argv):
    global umask
    if argv[:1] == ['--alone']:
        return run_alone(argv[1])
    parser = argparse.ArgumentParser(prog='file-agent', allow_abbrev=False)
    parser.add_argument('--start', required=True)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument('--process')
    where.add_argument('--volume')
    args = parser.parse_args(argv)
    output, workers = Output(), Workers()
    preload()
    try:
        uid, gid, further, umask = enter(args)
        become(uid, gid, further)
    except (OSError, Failure) as error:
        reason = error.code if isinstance(error, Failure) else errno.errorcode.get(error.errno, 'EIO')
        output.send(READY, 0, encode({'problem': reason}))
        return 3
    os.umask(umask)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    output.send(READY, 0, encode({'problem': None}))
    while True:
        kind, number, length = HEAD.unpack(read_exactly(HEAD.size))
        if length > MOST_BYTES:
            return 4
        take(kind, number, read_exactly(length), output, workers)


umask = 0o022

if __name__ == '__main__':
    os._exit(main(sys.argv[1:]))
