#!/usr/bin/python3
"""Makes, checks, restores and moves snapshots of a workspace's files, next to the files themselves.

One program with nothing but Python's standard library (3.6 or later), GNU tar and zstd. It runs in a short-lived helper
container that has the host's /usr and the mounts named in its arguments, or directly on a host. It is the only place
that knows the archive, so what it promises is said here:

- A snapshot exists if and only if STORE/ID holds a readable manifest.json. Whatever instant this program is killed at,
  a snapshot is there whole or not at all; what a dead maker left behind has a leading dot and is swept.
- Nothing is published before the archive was read back from the disk, decompressed and listed member by member.
- Nothing is called restored before the target was read back and compared with that list, field by field.
- Names in an archive never lead outside of the folder they are meant for, not even while somebody moves folders about.

It speaks JSON lines, one object each with a field `event`; a failure's last line is {"event":"failed","code",...} and
the exit code 1. It is long because it must be a single file that can be copied to a host and run as it is.

Sources: POSIX.1-2017 pax (ustar and extended headers), GNU tar 1.34 manual (sparse formats 0.0, 0.1, 1.0; "old GNU"),
RFC 8878 (zstd frames and skippable frames), flock(2), rename(2), open(2), Docker Engine API 1.40.
"""
import argparse
import errno
import fcntl
import hashlib
import itertools
import json
import os
import re
import select
import shutil
import signal
import stat
import struct
import subprocess
import sys
import threading
import time
import zlib

MIB = 1 << 20
# Kept free beside what is written: manifest, entries and the file system's own bookkeeping.
SPACE_MARGIN = 64 * MIB
INODE_MARGIN = 64
ID_PATTERN = re.compile(r'snap_[0-9a-z]{20}\Z')
DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


# ---- Failures and what is said on standard output -------------------------------------------------------------------


class Failure(Exception):
    """What a person is told: a code of Berth's table, a sentence that names the thing and the remedy, details."""

    def __init__(self, code, message, **details):
        Exception.__init__(self, message)
        self.code = code
        self.message = message
        self.details = details


class Corrupt(Failure):
    """The archive is not what was written."""

    def __init__(self, message, **details):
        Failure.__init__(self, 'snapshot.corrupt', message, **details)


class Cancelled(BaseException):
    """SIGTERM, SIGINT or SIGHUP. Not an Exception, so that nothing on the way takes it for an ordinary failure."""


def write_out(data):
    """Writes all of it to standard output, past Python's buffers: whoever reads sees whole lines at once."""
    view = memoryview(data)
    while view:
        view = view[os.write(1, view):]


def say(event, **fields):
    """One JSON line."""
    line = {'event': event}
    line.update(fields)
    write_out(json.dumps(line, separators=(',', ':')).encode('ascii') + b'\n')


class Progress:
    """Says how far a phase is, at most every 200 ms: a page cannot show more, and logs keep every line."""

    EVERY_SECONDS = 0.2

    def __init__(self, phase, total=None):
        self.phase = phase
        self.total = total
        self._said_at = time.monotonic()

    def report(self, **fields):
        now = time.monotonic()
        if now - self._said_at < self.EVERY_SECONDS:
            return
        self._said_at = now
        say('progress', phase=self.phase, total=self.total, **fields)


def size_text(count):
    """A size as people say it."""
    value = float(count)
    for unit in ('B', 'KiB', 'MiB', 'GiB'):
        if value < 1024:
            return '%d %s' % (value, unit) if unit == 'B' else '%.1f %s' % (value, unit)
        value /= 1024
    return '%.1f TiB' % value


def utc_now():
    """ISO 8601 with milliseconds, as JavaScript writes it."""
    now = time.time()
    return time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now)) + '.%03dZ' % (int(now * 1000) % 1000)


# ---- Names -----------------------------------------------------------------------------------------------------------

_PLAIN_NAME = re.compile(br'[\x20-\x5b\x5d-\x7e]*\Z')
# Control characters (C0, DEL, C1), the escape sign itself, line and paragraph separators, bidirectional overrides, and
# (as lone surrogates) bytes that are not UTF-8: nothing of a name can end a line or deceive whoever reads it.
_ODD_CHARACTER = re.compile(
    '[\x00-\x1f\x7f\\\\\x80-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]'
)
_ESCAPED_BYTE = re.compile(br'\\x([0-9a-f]{2})')


def _escape_match(match):
    return ''.join('\\x%02x' % byte for byte in match.group().encode('utf-8', 'surrogateescape'))


def escape_name(raw):
    """The name as text, odd bytes as \\xHH (lower case). Reversible: `unescape_name` gives the same bytes."""
    if _PLAIN_NAME.match(raw):
        return raw.decode('ascii')
    return _ODD_CHARACTER.sub(_escape_match, raw.decode('utf-8', 'surrogateescape'))


def unescape_name(text):
    """The bytes of an escaped name. Refuses what `escape_name` would never have written."""
    raw = _ESCAPED_BYTE.sub(lambda match: bytes([int(match.group(1), 16)]), text.encode('utf-8', 'surrogateescape'))
    if escape_name(raw) != text:
        raise Failure('not-found', 'The path "%s" is not written as the list of files writes it.' % text)
    return raw


def normal_path(raw):
    """A member's name without leading "./", doubled and trailing slashes; "." for the root. ".." and "/" stay, to be seen."""
    if raw.startswith(b'./'):
        raw = raw[2:]
    if raw.endswith(b'/'):
        raw = raw.rstrip(b'/') or b'/'
        if raw == b'/':
            return raw
    if b'//' in raw or b'/./' in raw or raw.startswith(b'./') or raw.endswith(b'/.'):
        lead = b'/' if raw.startswith(b'/') else b''
        raw = lead + b'/'.join(part for part in raw.split(b'/') if part not in (b'', b'.'))
    return raw or b'.'


# ---- Programs that we start ------------------------------------------------------------------------------------------

CHILDREN = []
_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1
_F_SETPIPE_SZ = 1031


def _load_libc():
    """For prctl(2), renameat2(2) and syncfs(2), which Python lacks. A python3-minimal has no ctypes: then without."""
    try:
        import ctypes

        return ctypes.CDLL(None, use_errno=True)
    except (ImportError, OSError):
        return None


LIBC = _load_libc()


def _prepare_child():
    """Runs between fork and exec: the child dies with us, also when we are killed, and hears signals again."""
    if LIBC is not None:
        LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def spawn(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
    """Starts a program whose standard error we read. It is killed, and waited for, when this program ends."""
    environment = {'PATH': os.environ['PATH'], 'LC_ALL': 'C'}
    # Held back for the moment in which a child exists that nobody has noted yet.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    try:
        child = subprocess.Popen(
            argv,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=environment,
            preexec_fn=_prepare_child,
            close_fds=True,
        )
        CHILDREN.append(child)
    except FileNotFoundError:
        raise Failure(
            'snapshot.tools-missing',
            'The host has no program %s: install the package of that name.' % argv[0],
            tool=argv[0],
        )
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    return child


def end_child(child):
    """Kills it if it still runs, and reaps it."""
    if child.poll() is None:
        child.kill()
        child.wait()
    if child in CHILDREN:
        CHILDREN.remove(child)


def end_children():
    for child in list(CHILDREN):
        end_child(child)


def wide_pipe():
    """A pipe of 1 MiB: sixteen times fewer switches between its two ends. Its owner may be refused that much; fine."""
    ends = os.pipe()
    widen(ends[1])
    return ends


def widen(fd):
    try:
        fcntl.fcntl(fd, _F_SETPIPE_SZ, MIB)
    except OSError:
        pass


class Stderr(threading.Thread):
    """Reads what a child says on standard error to its end, so that it never waits for us; keeps the first MiB."""

    KEPT = MIB

    def __init__(self, child):
        threading.Thread.__init__(self)
        self.daemon = True
        self._stream = child.stderr
        self._kept = bytearray()
        self.bytes = 0
        self.start()

    def run(self):
        while True:
            data = os.read(self._stream.fileno(), 65536)
            if not data:
                return
            self.bytes += len(data)
            self.take(data)

    def take(self, data):
        if len(self._kept) < self.KEPT:
            self._kept += data

    def text(self):
        """All that it said. Waits for its end."""
        self.join()
        return bytes(self._kept)

    def words(self):
        """The same for people: short, and nothing in it that could disturb a terminal."""
        return ' '.join(escape_name(line) for line in self.text().splitlines())[-600:]


# ---- Disk space ------------------------------------------------------------------------------------------------------


def require_space(folder, needed, inodes, purpose):
    """Refuses beforehand what would fill the disk: f_bavail, since root's reserve is for the system (statvfs(3))."""
    room = os.statvfs(folder)
    free = room.f_bavail * room.f_frsize
    if free < needed + SPACE_MARGIN:
        raise Failure(
            'host.disk-full',
            '%s needs %s free on the disk of the host, and it has %s: remove snapshots or other files there.'
            % (purpose, size_text(needed + SPACE_MARGIN), size_text(free)),
            neededBytes=needed + SPACE_MARGIN,
            freeBytes=free,
        )
    # Some file systems (btrfs) make inodes as needed and say 0.
    if room.f_files and room.f_favail < inodes + INODE_MARGIN:
        raise Failure(
            'host.disk-full',
            '%s needs %d free inodes on the disk of the host, and it has %d: remove files there.'
            % (purpose, inodes + INODE_MARGIN, room.f_favail),
            neededInodes=inodes + INODE_MARGIN,
            freeInodes=room.f_favail,
        )


_FULL = re.compile(br'No space left on device|Disk quota exceeded')


def disk_full(folder, purpose):
    """The failure for a disk that filled up on the way."""
    room = os.statvfs(folder)
    free = room.f_bavail * room.f_frsize
    return Failure(
        'host.disk-full',
        '%s stopped because the disk of the host is full (%s free): remove snapshots or other files there.'
        % (purpose, size_text(free)),
        freeBytes=free,
    )


# ---- Reading a tar stream --------------------------------------------------------------------------------------------

BLOCK = 512
ZERO_BLOCK = bytes(BLOCK)
ZEROS = bytes(MIB)
# Names, extended attributes and sparse maps held in memory at once. Past these an archive is no tree of files but an attack.
MAX_HEADER_BYTES = 16 * MIB
MAX_SPARSE_SEGMENTS = 4 * 1000 * 1000


class ByteSource:
    """A pipe, read in big pieces and handed out in exact ones."""

    CHUNK = MIB

    def __init__(self, fd):
        self._fd = fd
        self._buffer = b''
        self._at = 0
        self._read = 0

    @property
    def consumed(self):
        return self._read - (len(self._buffer) - self._at)

    def _more(self, most):
        data = os.read(self._fd, most)
        self._read += len(data)
        return data

    def take(self, count):
        """Exactly so many bytes."""
        at = self._at
        end = at + count
        if end > len(self._buffer):
            self._fill(count)
            at, end = 0, count
        self._at = end
        return self._buffer[at:end]

    def _fill(self, count):
        parts = [self._buffer[self._at:]]
        have = len(parts[0])
        self._buffer, self._at = b'', 0
        while have < count:
            data = self._more(self.CHUNK)
            if not data:
                raise Corrupt('The archive ends in the middle of a file.')
            parts.append(data)
            have += len(data)
        self._buffer = b''.join(parts)

    def pieces(self, count):
        """So many bytes, in pieces as they come: content is never held whole."""
        while count:
            held = len(self._buffer) - self._at
            if held:
                size = min(held, count)
                piece = memoryview(self._buffer)[self._at:self._at + size]
                self._at += size
            else:
                piece = self._more(min(self.CHUNK, count))
                if not piece:
                    raise Corrupt('The archive ends in the middle of a file.')
            count -= len(piece)
            yield piece

    def skip(self, count):
        if self._at + count <= len(self._buffer):
            self._at += count
            return
        for _ in self.pieces(count):
            pass

    def require_zeros_to_end(self):
        data = self._buffer[self._at:]
        self._buffer, self._at = b'', 0
        while True:
            if data.count(0) != len(data):
                raise Corrupt('The archive has something after its end.')
            data = self._more(self.CHUNK)
            if not data:
                return


class Member:
    """One member of an archive, its content not read yet."""

    __slots__ = (
        'kind', 'mode', 'uid', 'gid', 'size', 'mtime', 'xattrs', 'path', 'link', 'stored', 'pax', 'header', 'sparse',
    )


_KINDS = {
    b'0': 'f', b'\0': 'f', b'7': 'f', b'S': 'f', b'1': 'h', b'2': 'l', b'3': 'c', b'4': 'b', b'5': 'd', b'6': 'p',
}
_numbers = {}


def header_number(field):
    """A number of a header: octal digits between spaces and NULs, or base 256 (GNU) when the first bit is set."""
    if field[0] & 0x80:
        if field[0] not in (0x80, 0xFF):
            raise Corrupt('The archive has a number that cannot be read.')
        value = int.from_bytes(field, 'big', signed=field[0] == 0xFF)
        return value if value < 0 else value - (0x80 << 8 * (len(field) - 1))
    text = field.strip(b' \0')
    if not text:
        return 0
    if not text.isdigit():
        raise Corrupt('The archive has a number that cannot be read.')
    try:
        return int(text, 8)
    except ValueError:
        raise Corrupt('The archive has a number that cannot be read.')


def small_number(field):
    """As header_number, remembered: modes and owners repeat."""
    value = _numbers.get(field)
    if value is None:
        if len(_numbers) > 4096:
            _numbers.clear()
        value = _numbers[field] = header_number(field)
    return value


def check_header_sum(header):
    """
    The sum of all bytes with the sum's own field as spaces. The low half of Adler-32 (RFC 1950) is that sum + 1, modulo
    65521, at C speed; historic tars summed signed bytes, which is tried before a header is called damaged.
    """
    stored = small_number(header[148:156])
    plain = header[:148] + b'        ' + header[156:]
    if zlib.adler32(plain) & 0xFFFF == (stored + 1) % 65521 and (stored < 65000 or sum(plain) == stored):
        return
    if sum(plain) == stored or sum(byte - 256 if byte > 127 else byte for byte in plain) == stored:
        return
    raise Corrupt('The archive has a damaged header.')


def decimal(text, what):
    if not text.isdigit() or len(text) > 20:
        raise Corrupt('The archive has a %s that cannot be read.' % what)
    return int(text)


def parse_pax(data):
    """The records of an extended header (POSIX.1 pax): "LENGTH KEY=VALUE\\n". Sparse 0.0 repeats keys; they are listed."""
    records = {}
    at = 0
    end = len(data)
    while at < end:
        space = data.find(b' ', at, at + 21)
        if space < 0:
            if data.count(b'\0', at) == end - at:
                return records
            raise Corrupt('The archive has a damaged extended header.')
        after = at + decimal(data[at:space], 'header length')
        equals = data.find(b'=', space, after)
        if after > end or equals < 0 or data[after - 1] != 10:
            raise Corrupt('The archive has a damaged extended header.')
        key = data[space + 1:equals]
        value = data[equals + 1:after - 1]
        if key == b'GNU.sparse.offset' or key == b'GNU.sparse.numbytes':
            records.setdefault(b'sparse 0.0', []).append((key, value))
        else:
            records[key] = value
        at = after
    return records


_MTIME = re.compile(br'(-?)([0-9]{1,19})(?:\.([0-9]*))?\Z')


def mtime_text(raw):
    """Seconds with exactly nine decimals."""
    match = _MTIME.match(raw)
    if not match:
        raise Corrupt('The archive has a time that cannot be read.')
    sign, whole, fraction = match.groups()
    fraction = ((fraction or b'') + b'000000000')[:9]
    whole = whole.lstrip(b'0') or b'0'
    if whole == b'0' and fraction == b'000000000':
        sign = b''
    return (sign + whole + b'.' + fraction).decode('ascii')


def mtime_of_ns(ns):
    whole, fraction = divmod(abs(ns), 10 ** 9)
    return '%s%d.%09d' % ('-' if ns < 0 else '', whole, fraction)


def ns_of_mtime(text):
    digits = int(text.replace('.', '').lstrip('-') or '0')
    return -digits if text.startswith('-') else digits


_XATTR = b'SCHILY.xattr.'


def xattr_digest(pax):
    """
    16 hex digits over all extended attributes of a member (ACLs and capabilities are among them): SHA-256 of their pax
    records "KEY=VALUE\\n", each after its length as 8 bytes, in the order of their keys.
    """
    records = sorted(key + b'=' + pax[key] + b'\n' for key in pax if key.startswith(_XATTR))
    if not records:
        return '-'
    digest = hashlib.sha256()
    for record in records:
        digest.update(struct.pack('<Q', len(record)) + record)
    return digest.hexdigest()[:16]


class TarReader:
    """
    Reads an uncompressed tar stream member by member. Knows what GNU tar writes (pax with sparse 0.0, 0.1 and 1.0, long
    names, base 256, "old GNU" sparse) and plain ustar. Whatever is off is `Corrupt`: a wrong sum, an early end, a missing
    end mark, bytes after it. Content that nobody asked for is skipped.
    """

    def __init__(self, fd):
        self.source = ByteSource(fd)
        self._globals = {}
        self._left = 0

    def __iter__(self):
        return self

    def __next__(self):
        if self._left:
            self.source.skip(self._left)
            self._left = 0
        take = self.source.take
        pax = None
        long_name = long_link = None
        while True:
            header = take(BLOCK)
            if header == ZERO_BLOCK:
                if pax is not None or long_name is not None or long_link is not None:
                    raise Corrupt('The archive ends after an extended header.')
                self._check_end()
                raise StopIteration
            check_header_sum(header)
            flag = header[156:157]
            if flag == b'x' and pax is None:
                pax = parse_pax(self._header_content(header))
            elif flag == b'g':
                self._globals.update(self._global_records(header))
            elif flag == b'L' and long_name is None:
                long_name = self._header_content(header).split(b'\0', 1)[0]
            elif flag == b'K' and long_link is None:
                long_link = self._header_content(header).split(b'\0', 1)[0]
            elif flag in _KINDS:
                return self._member(header, flag, pax, long_name, long_link)
            else:
                raise Corrupt('The archive has a member of a kind that is not known: %r.' % flag.decode('latin-1'))

    def _check_end(self):
        if self.source.take(BLOCK) != ZERO_BLOCK:
            raise Corrupt('The archive has no proper end mark.')
        self.source.require_zeros_to_end()

    def _header_content(self, header):
        size = header_number(header[124:136])
        if not 0 <= size <= MAX_HEADER_BYTES:
            raise Corrupt('The archive has an extended header of %d bytes.' % size)
        padded = -(-size // BLOCK) * BLOCK
        return self.source.take(padded)[:size]

    def _global_records(self, header):
        """What holds for all that follows. Names and sizes for all members make no sense but to deceive a reader."""
        records = parse_pax(self._header_content(header))
        for key in records:
            if key in (b'path', b'linkpath', b'size') or key.startswith((b'GNU.', b'SCHILY.', b'sparse ')):
                raise Corrupt('The archive has a global header with "%s".' % escape_name(key))
        return records

    def _member(self, header, flag, local, long_name, long_link):
        member = Member()
        pax = local if local is not None else {}
        if self._globals:
            pax = dict(itertools.chain(self._globals.items(), pax.items()))
        if (long_name is not None and b'path' in pax) or (long_link is not None and b'linkpath' in pax):
            raise Corrupt('The archive names a member twice.')
        member.header = header
        member.pax = pax
        member.mode = small_number(header[100:108]) & 0o7777
        get = pax.get
        value = get(b'uid')
        member.uid = decimal(value, 'owner') if value else small_number(header[108:116])
        value = get(b'gid')
        member.gid = decimal(value, 'group') if value else small_number(header[116:124])
        value = get(b'size')
        stored = decimal(value, 'size') if value else header_number(header[124:136])
        if stored < 0 or member.uid < 0 or member.gid < 0:
            raise Corrupt('The archive has a negative number.')
        value = get(b'mtime')
        member.mtime = mtime_text(value) if value else '%d.000000000' % header_number(header[136:148])
        self._name(member, header, pax, long_name, long_link)
        member.kind = kind = self._kind(flag, member, header, pax, long_name)
        member.xattrs = xattr_digest(pax) if len(pax) > 1 else '-'
        member.stored = member.size = stored
        member.sparse = None
        if kind == 'f':
            self._left = -(-stored // BLOCK) * BLOCK
            if flag == b'S' or (len(pax) > 1 and any(key.startswith((b'GNU.sparse.', b'sparse ')) for key in pax)):
                self._describe_sparse(member, flag, header, pax)
        elif stored:
            raise Corrupt('The archive has content for "%s", which is no file.' % escape_name(member.path))
        return member

    @staticmethod
    def _name(member, header, pax, long_name, long_link):
        raw = pax.get(b'GNU.sparse.name') or pax.get(b'path') or long_name
        if not raw:
            raw = header[:100].split(b'\0', 1)[0]
            # Only POSIX has the prefix there; GNU's own magic has times and sparse maps in its place.
            if header[345] and header[257:263] == b'ustar\0':
                raw = header[345:500].split(b'\0', 1)[0] + b'/' + raw
        link = pax.get(b'linkpath') or long_link or header[157:257].split(b'\0', 1)[0]
        if b'\0' in raw or b'\0' in link or not raw:
            raise Corrupt('The archive has a member with an impossible name.')
        member.path = raw
        member.link = link

    @staticmethod
    def _kind(flag, member, header, pax, long_name):
        kind = _KINDS[flag]
        if kind == 'f' and member.path.endswith(b'/'):
            kind = 'd'
        member.path = normal_path(member.path)
        if kind == 'h':
            member.link = normal_path(member.link)
        elif kind in 'cb':
            member.link = b'%d,%d' % (header_number(header[329:337]), header_number(header[337:345]))
        elif kind != 'l':
            member.link = b''
        return kind

    # Sparse files: `member.sparse` is a list of (offset, length), or the word "1.0" when the map stands before the content.

    def _describe_sparse(self, member, flag, header, pax):
        if flag == b'S':
            member.sparse, member.size = self._old_gnu_map(header)
        elif pax.get(b'GNU.sparse.major') == b'1' and pax.get(b'GNU.sparse.minor') == b'0':
            member.sparse = '1.0'
            member.size = decimal(pax.get(b'GNU.sparse.realsize', b''), 'size')
        elif b'GNU.sparse.map' in pax:
            numbers = [decimal(one, 'sparse map') for one in pax[b'GNU.sparse.map'].split(b',')]
            member.sparse = list(zip(numbers[::2], numbers[1::2]))
            member.size = decimal(pax.get(b'GNU.sparse.size', b''), 'size')
        elif b'sparse 0.0' in pax:
            numbers = [decimal(value, 'sparse map') for _, value in pax[b'sparse 0.0']]
            member.sparse = list(zip(numbers[::2], numbers[1::2]))
            member.size = decimal(pax.get(b'GNU.sparse.size', b''), 'size')
        elif any(key.startswith(b'GNU.sparse.') for key in pax):
            raise Corrupt('The archive has a sparse file of a kind that is not known.')

    def _old_gnu_map(self, header):
        segments = []

        def add(block, start, count):
            for at in range(start, start + 24 * count, 24):
                if block[at] == 0:
                    return
                segments.append((header_number(block[at:at + 12]), header_number(block[at + 12:at + 24])))

        add(header, 386, 4)
        more = header[482]
        while more:
            block = self.source.take(BLOCK)
            add(block, 0, 21)
            more = block[504]
            if len(segments) > MAX_SPARSE_SEGMENTS:
                raise Corrupt('The archive has a sparse file in too many pieces.')
        return segments, header_number(header[483:495])

    def _map_before_content(self):
        """Sparse 1.0: decimal lines, first how many segments, then offset and length of each, padded to a block."""
        blocks = [self.source.take(BLOCK)]
        count = decimal(blocks[0].split(b'\n', 1)[0], 'sparse map')
        if count > MAX_SPARSE_SEGMENTS:
            raise Corrupt('The archive has a sparse file in too many pieces.')
        lines = blocks[0].count(b'\n')
        while lines < 1 + 2 * count:
            if len(blocks) * BLOCK >= self._left:
                raise Corrupt('The archive has a damaged sparse map.')
            blocks.append(self.source.take(BLOCK))
            lines += blocks[-1].count(b'\n')
        numbers = [decimal(line, 'sparse map') for line in b''.join(blocks).split(b'\n')[1:1 + 2 * count]]
        return list(zip(numbers[::2], numbers[1::2])), len(blocks) * BLOCK

    def content(self, member):
        """The content in pieces, as a program would read it: holes are zeros."""
        source = self.source
        padding = -member.stored % BLOCK
        if member.sparse is None:
            self._left = 0
            for piece in source.pieces(member.stored):
                yield piece
        else:
            for _, piece in self.segments(member):
                if isinstance(piece, int):
                    for zeros in zero_pieces(piece):
                        yield zeros
                else:
                    yield piece
        source.skip(padding)

    def segments(self, member):
        """The content of a sparse file as (offset, piece); a hole's piece is its length. Checks the map."""
        segments, used = member.sparse, 0
        if segments == '1.0':
            segments, used = self._map_before_content()
        self._left = 0
        if used + sum(length for _, length in segments) != member.stored:
            raise Corrupt('The sparse file "%s" has a map that does not fit.' % escape_name(member.path))
        position = 0
        for offset, length in segments:
            if offset < position or offset + length > member.size:
                raise Corrupt('The sparse file "%s" has a map that does not fit.' % escape_name(member.path))
            if offset > position:
                yield position, offset - position
            for piece in self.source.pieces(length):
                yield offset, piece
                offset += len(piece)
            position = offset
        if member.size > position:
            yield position, member.size - position

    def stored_content(self, member):
        """The blocks of the content as they are in the archive, padding and sparse map included."""
        count, self._left = self._left, 0
        return self.source.pieces(count)

    def digest(self, member):
        """SHA-256 of the content, or "-" for what has none."""
        if member.kind != 'f':
            return '-'
        if member.sparse is None:
            # The way of most files: whole in the buffer, one call.
            self._left = 0
            digest = hashlib.sha256()
            for piece in self.source.pieces(member.stored):
                digest.update(piece)
            self.source.skip(-member.stored % BLOCK)
            return digest.hexdigest()
        digest = hashlib.sha256()
        for piece in self.content(member):
            digest.update(piece)
        return digest.hexdigest()


def zero_pieces(count):
    """So many zeros, without having them all."""
    while count > len(ZEROS):
        yield ZEROS
        count -= len(ZEROS)
    yield memoryview(ZEROS)[:count]


# ---- Entries: one line per member ------------------------------------------------------------------------------------


def entry_line(member, digest):
    """The fields, separated by tabs: kind, mode, uid, gid, size, mtime, SHA-256, xattrs, path, link. No newline."""
    return ('%s\t%04o\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s' % (
        member.kind, member.mode, member.uid, member.gid, member.size, member.mtime, digest, member.xattrs,
        escape_name(member.path), escape_name(member.link) if member.link else '',
    )).encode('utf-8')


class EntriesWriter:
    """Writes entries.zst, and counts and digests what it holds."""

    BATCH = 2000

    def __init__(self, path):
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._zstd = spawn(['zstd', '-q', '-3', '--check', '-c'], stdin=subprocess.PIPE, stdout=self._fd)
        self._stderr = Stderr(self._zstd)
        self._sha256 = hashlib.sha256()
        self._lines = []
        self.count = self.files = self.content_bytes = 0

    def add(self, line, member):
        self._lines.append(line)
        self.count += 1
        if member.kind == 'f':
            self.files += 1
            self.content_bytes += member.size
        if len(self._lines) >= self.BATCH:
            self._flush()

    def _flush(self):
        if not self._lines:
            return
        text = b'\n'.join(self._lines) + b'\n'
        self._lines = []
        self._sha256.update(text)
        try:
            self._zstd.stdin.write(text)
        except BrokenPipeError:
            self._refuse()

    def _refuse(self):
        self._zstd.wait()
        if _FULL.search(self._stderr.text()):
            raise Failure('host.disk-full', 'The disk of the host is full: remove snapshots or other files there.')
        raise Failure('internal', 'The list of files could not be written: %s' % self._stderr.words())

    def close(self):
        """Makes it durable and says what it holds."""
        self._flush()
        try:
            self._zstd.stdin.close()
        except BrokenPipeError:
            pass
        if self._zstd.wait() != 0:
            self._refuse()
        end_child(self._zstd)
        os.fsync(self._fd)
        os.close(self._fd)
        return {
            'count': self.count,
            'files': self.files,
            'sha256': self._sha256.hexdigest(),
            'contentBytes': self.content_bytes,
        }


def read_entries(path):
    """The lines of an entries.zst, without their newlines."""
    zstd = spawn(['zstd', '-q', '-dc', '--', path], stdout=subprocess.PIPE)
    stderr = Stderr(zstd)
    try:
        widen(zstd.stdout.fileno())
        for line in zstd.stdout:
            yield line[:-1]
        if zstd.wait() != 0:
            raise Corrupt('The list of files of this snapshot cannot be read: %s' % stderr.words())
    finally:
        end_child(zstd)


# ---- Archives: made by tar and zstd, read back through both ----------------------------------------------------------

# GNU tar's --acls stores names of users and loses numeric owners, so ACLs travel as the raw extended attributes that
# they are. `-b 128`: writes of 64 KiB instead of 10 KiB into the pipe.
TAR_CREATE = [
    'tar', '--format=posix', '--pax-option=delete=atime,delete=ctime', '--sort=name', '--no-acls', '--xattrs',
    '--xattrs-include=*', '--numeric-owner', '--sparse', '--hole-detection=seek', '--one-file-system',
    '--warning=no-timestamp', '-b', '128',
]
# Never -P, --keep-directory-symlink or --no-overwrite-dir (which loses the mode of the root).
TAR_EXTRACT = [
    'tar', '-xpf', '-', '--no-acls', '--xattrs', '--xattrs-include=*', '--numeric-owner', '--same-owner',
    '--delay-directory-restore', '--warning=no-timestamp',
]


def tar_create(source):
    return TAR_CREATE + ['-C', source, '-cf', '-', '.']


class TarComplaints(Stderr):
    """What tar says while it reads a tree, sorted: what is no fault, what means a change, what means a failure."""

    NO_FAULT = (b': socket ignored', b'; not dumped', b'Exiting with failure status due to previous errors')
    CHANGED = re.compile(br': (file changed as we read it|File removed before we read it|File shrank by .*)$')

    def __init__(self, child):
        self.sockets = 0
        self.changed = []
        self.other_systems = 0
        self.failures = []
        self._rest = b''
        Stderr.__init__(self, child)

    def run(self):
        Stderr.run(self)
        if self._rest:
            self._sort(self._rest)

    def take(self, data):
        lines = (self._rest + data).split(b'\n')
        self._rest = lines.pop()
        for line in lines:
            self._sort(line)

    def _sort(self, line):
        if line.endswith(self.NO_FAULT):
            self.sockets += line.endswith(b': socket ignored')
            self.other_systems += line.endswith(b'; not dumped')
        elif self.CHANGED.search(line):
            self._note(self.changed, line)
        else:
            self._note(self.failures, line)

    @staticmethod
    def _note(lines, line):
        if len(lines) < 5:
            lines.append(escape_name(line))

    def serious(self):
        """Lines that mean that something is missing from the archive, whatever the exit code."""
        return [line for line in self.failures if re.search('Cannot|Warning|rror', line)]


def bytes_written_by(pid, stderr_bytes):
    """What a process has written to its standard output, by the kernel's account (proc(5)); None where there is none."""
    try:
        with open('/proc/%d/io' % pid) as account:
            for line in account:
                if line.startswith('wchar:'):
                    return int(line.split()[1]) - stderr_bytes
    except (OSError, ValueError):
        pass
    return None


class Feeder(threading.Thread):
    """Reads a file once, from the disk: digests each piece and hands the very same piece to a program."""

    def __init__(self, fd, sink):
        threading.Thread.__init__(self)
        self.daemon = True
        self._fd = fd
        self._sink = sink
        self._sha256 = hashlib.sha256()
        self.bytes = 0
        self.error = None
        self.is_broken = False

    def run(self):
        try:
            self._feed()
        except OSError as error:
            self.error = error
        finally:
            os.close(self._sink)

    def _feed(self):
        while True:
            data = os.read(self._fd, MIB)
            if not data:
                return
            self._sha256.update(data)
            self.bytes += len(data)
            view = memoryview(data)
            while view and not self.is_broken:
                try:
                    view = view[os.write(self._sink, view):]
                except BrokenPipeError:
                    # Whoever reads has had enough or has failed; that is said elsewhere. The digest goes on.
                    self.is_broken = True
            if self.is_broken:
                return

    def hexdigest(self):
        return self._sha256.hexdigest()


class Decompressed:
    """
    An archive's tar stream, as `fd`, and the digest of the very bytes that it came from. `--memory`: a hostile frame may
    not ask for more than the window of --long=27.
    """

    def __init__(self, path):
        self._path = path

    def __enter__(self):
        try:
            self._file = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            raise Corrupt('The archive of this snapshot is missing.')
        self.total = os.fstat(self._file).st_size
        into, sink = wide_pipe()
        self._zstd = spawn(['zstd', '-q', '-dc', '--memory=128MiB'], stdin=into, stdout=subprocess.PIPE)
        os.close(into)
        self.fd = self._zstd.stdout.fileno()
        widen(self.fd)
        self._stderr = Stderr(self._zstd)
        self._feeder = Feeder(self._file, sink)
        self._feeder.start()
        return self

    def __exit__(self, *_):
        end_child(self._zstd)
        self._zstd.stdout.close()
        self._feeder.join()
        os.close(self._file)

    @property
    def fed(self):
        return self._feeder.bytes

    def explain(self, failure):
        """Why the stream is not a tar archive: the decompressor knows better when it failed itself."""
        self._zstd.stdout.close()
        if self._zstd.wait() > 0 and not self._feeder.is_broken or b'rror' in self._stderr.text():
            return Corrupt('The archive cannot be decompressed: %s' % self._stderr.words())
        return failure

    def finish(self):
        """To be called at the end of the stream."""
        code = self._zstd.wait()
        self._feeder.join()
        if self._feeder.error:
            raise Corrupt('The archive cannot be read from the disk: %s.' % self._feeder.error.strerror)
        if code != 0:
            raise Corrupt('The archive cannot be decompressed: %s' % self._stderr.words())
        if self._feeder.bytes != self.total:
            raise Corrupt('The archive was not read to its end.')
        return {'sha256': self._feeder.hexdigest(), 'bytes': self._feeder.bytes}


def list_archive(path, on_entry, progress, policy=None):
    """Lists every member of an archive; says what the archive's bytes and its tar stream are."""
    with Decompressed(path) as stream:
        reader = TarReader(stream.fd)
        try:
            for member in reader:
                if policy is not None:
                    policy.check(member, reader.source.consumed)
                on_entry(entry_line(member, reader.digest(member)), member)
                progress.report(bytes=stream.fed)
        except Corrupt as failure:
            raise stream.explain(failure)
        archive = stream.finish()
        return {'archive': archive, 'tarBytes': reader.source.consumed}


class LiveTree:
    """A folder's entries, through the same tar that makes archives."""

    def __init__(self, folder):
        self._folder = folder

    def __enter__(self):
        self._tar = spawn(tar_create(self._folder), stdout=subprocess.PIPE)
        widen(self._tar.stdout.fileno())
        self._complaints = TarComplaints(self._tar)
        return self

    def __exit__(self, *_):
        end_child(self._tar)
        self._tar.stdout.close()

    def entries(self):
        reader = TarReader(self._tar.stdout.fileno())
        try:
            for member in reader:
                yield entry_line(member, reader.digest(member)), member
        except Corrupt:
            self._tar.stdout.close()
            self._tar.wait()
            self._complaints.join()
            raise self._failed()
        self._complaints.join()
        if self._tar.wait() != 0 or self._complaints.serious():
            raise self._failed()

    def _failed(self):
        lines = self._complaints.failures + self._complaints.changed
        return Failure('internal', 'The folder %s cannot be read: %s' % (self._folder, '; '.join(lines[:3]) or 'tar ended'))


# ---- Live trees ------------------------------------------------------------------------------------------------------


class Scan:
    """How much there is below a folder, on its own file system; a hard-linked file counts once."""

    def __init__(self, folder):
        self.files = self.bytes = self.allocated = self.tar_bytes = 0
        self._seen = set()
        self._device = os.lstat(folder).st_dev
        self._add(os.lstat(folder))
        pending = [os.fsencode(folder)]
        while pending:
            self._scan(pending.pop(), pending)

    def _scan(self, folder, pending):
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    # What is gone by now is not there to be archived.
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue
                    if self._add(status):
                        pending.append(entry.path)
        except OSError as error:
            # Gone meanwhile, or deeper than a path can say (tar goes there all the same): the estimate lacks it.
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EACCES):
                raise

    def _add(self, status):
        """True for a folder to look into."""
        self.files += 1
        # A header, and most often an extended one of two blocks for the nanoseconds.
        self.tar_bytes += 3 * BLOCK
        if status.st_dev != self._device:
            return False
        if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
            if status.st_ino in self._seen:
                return False
            self._seen.add(status.st_ino)
        allocated = status.st_blocks * 512
        self.allocated += allocated
        if stat.S_ISREG(status.st_mode):
            self.bytes += status.st_size
            self.tar_bytes += -(-min(status.st_size, allocated or status.st_size) // BLOCK) * BLOCK
        return stat.S_ISDIR(status.st_mode)


_WALK_KINDS = {
    stat.S_IFREG: 'f', stat.S_IFDIR: 'd', stat.S_IFLNK: 'l', stat.S_IFIFO: 'p', stat.S_IFCHR: 'c', stat.S_IFBLK: 'b',
}


def walk_entries(folder):
    """Entries without content and extended attributes, in tar's order: names by their bytes, a folder before what is in it."""
    root = os.fsencode(folder)
    device = os.lstat(root).st_dev
    links = {}
    pending = [b'.']
    while pending:
        path = pending.pop()
        full = root if path == b'.' else root + b'/' + path
        try:
            status = os.lstat(full)
            kind = _WALK_KINDS.get(stat.S_IFMT(status.st_mode))
            if kind is None:
                continue
            yield walk_line(full, path, kind, status, links)
            if kind == 'd' and status.st_dev == device:
                below = b'' if path == b'.' else path + b'/'
                pending.extend(below + name for name in sorted(os.listdir(full), reverse=True))
        except FileNotFoundError:
            if path == b'.':
                raise


def walk_line(full, path, kind, status, links):
    member = Member()
    member.kind, member.path, member.link, member.xattrs = kind, path, b'', '-'
    member.mode, member.uid, member.gid = stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid
    member.size = status.st_size if kind == 'f' else 0
    member.mtime = mtime_of_ns(status.st_mtime_ns)
    if kind != 'd' and status.st_nlink > 1:
        first = links.setdefault(status.st_ino, path)
        if first != path:
            member.kind, member.link, member.size = 'h', first, 0
            return entry_line(member, '-')
    if kind == 'l':
        member.link = os.readlink(full)
    elif kind in 'cb':
        member.link = b'%d,%d' % (os.major(status.st_rdev), os.minor(status.st_rdev))
    return entry_line(member, '-')


def open_folder(name, dir_fd=None):
    """Never through a symbolic link."""
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)


def remove_below(fd):
    """
    Empties a folder, however deep it goes and whoever moves things in it meanwhile: each folder found is first moved up
    beside it, so that no path and no recursion ever gets long, and nothing is ever followed.
    """
    serial = 0
    pending = [None]
    while pending:
        name = pending.pop()
        if name is None:
            serial = _empty_once(fd, fd, serial, pending)
            continue
        try:
            inner = open_folder(name, dir_fd=fd)
        except (FileNotFoundError, NotADirectoryError):
            continue
        try:
            serial = _empty_once(inner, fd, serial, pending)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=fd)


def _empty_once(fd, top_fd, serial, pending):
    for name in os.listdir(fd):
        if not stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=fd)
            continue
        if fd == top_fd:
            pending.append(name)
            continue
        while True:
            serial += 1
            moved = '.berth-removing-%d-%d' % (os.getpid(), serial)
            try:
                # Fails on a name that is taken by a folder with something in it; an empty one is replaced, as good.
                os.rename(name, moved, src_dir_fd=fd, dst_dir_fd=top_fd)
                break
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
        pending.append(moved)
    return serial


def remove_folder(path):
    """Removes a folder and all below it; one that is not there is removed already."""
    try:
        fd = open_folder(path)
    except FileNotFoundError:
        return
    try:
        remove_below(fd)
    finally:
        os.close(fd)
    os.rmdir(path)


# ---- The store -------------------------------------------------------------------------------------------------------


def sync_folder(path):
    fd = open_folder(path)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_durably(path, value):
    """JSON, there whole or not at all: written beside, synced, renamed."""
    beside = path + '.new'
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        data = memoryview(json.dumps(value, separators=(',', ':')).encode('ascii'))
        while data:
            data = data[os.write(fd, data):]
        os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(beside, path)
    sync_folder(os.path.dirname(path))


def read_json(path):
    """An object, or None when there is no such file."""
    try:
        with open(path, 'rb') as file:
            value = json.loads(file.read().decode('utf-8'))
    except FileNotFoundError:
        return None
    if not isinstance(value, dict):
        raise ValueError('not an object')
    return value


def try_lock(fd, patience_seconds=0):
    """True when the lock is ours. Others probe locks for microseconds; `patience_seconds` outlasts them."""
    until = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.01)


def is_same_file(path, fd):
    try:
        return os.path.samestat(os.lstat(path), os.fstat(fd))
    except FileNotFoundError:
        return False


class Snapshot:
    """A folder of the store that may be a snapshot."""

    def __init__(self, folder):
        self.folder = folder
        self.id = os.path.basename(folder)
        self.data = os.path.join(folder, 'data.tar.zst')
        self.entries = os.path.join(folder, 'entries.zst')
        self.manifest_path = os.path.join(folder, 'manifest.json')
        self.marks_path = os.path.join(folder, 'marks.json')

    def manifest(self):
        """Raises Corrupt when this cannot be used."""
        try:
            manifest = read_json(self.manifest_path)
        except (ValueError, OSError):
            raise Corrupt('The manifest of the snapshot cannot be read.')
        if manifest is None:
            raise Corrupt('The snapshot has no manifest.')
        if manifest.get('format') != 1:
            raise Corrupt('The snapshot was made by another version of Berth.')
        if manifest.get('id') != self.id:
            raise Corrupt('The manifest is of another snapshot.')
        try:
            size = os.stat(self.data).st_size
            os.stat(self.entries)
        except FileNotFoundError:
            raise Corrupt('A file of the snapshot is missing.')
        if size != manifest['archive']['bytes']:
            raise Corrupt('The archive has %d bytes instead of %d.' % (size, manifest['archive']['bytes']))
        return manifest

    def marks(self):
        try:
            return read_json(self.marks_path) or {}
        except (ValueError, OSError):
            return {}

    def mark(self, changes):
        """Merges; two at once do not lose each other's."""
        fd = open_folder(self.folder)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            marks = self.marks()
            marks.update(changes)
            write_durably(self.marks_path, marks)
            return marks
        finally:
            os.close(fd)

    def disk_use(self):
        with os.scandir(self.folder) as files:
            return sum(file.stat(follow_symlinks=False).st_blocks for file in files) * 512 + 4096


class Store:
    """The folder that holds a host's snapshots."""

    def __init__(self, folder, may_create=False):
        self.folder = os.path.abspath(folder)
        if may_create:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
        if not os.path.isdir(self.folder):
            raise Failure('not-found', 'The folder %s of snapshots is not there.' % self.folder)
        if may_create and stat.S_IMODE(os.stat(self.folder).st_mode) != 0o700:
            os.chmod(self.folder, 0o700)

    def path(self, name):
        return os.path.join(self.folder, name)

    def snapshot(self, snapshot_id):
        check_id(snapshot_id)
        return Snapshot(self.path(snapshot_id))

    def get(self, snapshot_id):
        """(snapshot, manifest) of one that is there."""
        snapshot = self.snapshot(snapshot_id)
        if not os.path.isdir(snapshot.folder):
            raise Failure('not-found', 'There is no snapshot %s on this host any more.' % snapshot_id)
        return snapshot, snapshot.manifest()

    def published(self, snapshot_id):
        """The manifest of one that is there already; None otherwise."""
        snapshot = self.snapshot(snapshot_id)
        if not os.path.isdir(snapshot.folder):
            return None
        try:
            return snapshot.manifest()
        except Corrupt as failure:
            raise Failure('conflict', 'A damaged snapshot %s is in the way: remove it first.' % snapshot_id,
                          reason=failure.message)

    def names(self):
        return sorted(os.listdir(self.folder))


def check_id(snapshot_id):
    if not ID_PATTERN.match(snapshot_id):
        raise Failure('not-found', 'That is not the id of a snapshot.')


def remove_if_dead(path):
    """Removes a folder that somebody was making, unless that somebody lives: the kernel drops locks at any death."""
    try:
        folder = open_folder(path)
    except FileNotFoundError:
        return True
    try:
        if not try_lock(folder, 0.05) or not is_same_file(path, folder):
            return False
        try:
            lock = os.open('lock', os.O_RDWR | os.O_NOFOLLOW, dir_fd=folder)
        except FileNotFoundError:
            lock = None
        try:
            if lock is not None and not try_lock(lock, 0.05):
                return False
            remove_below(folder)
            os.rmdir(path)
        finally:
            if lock is not None:
                os.close(lock)
    finally:
        os.close(folder)
    return True


class Making:
    """
    The folder `.tmp-ID` while a snapshot is made in it, ours alone. Two locks, held until we end in whatever way: `lock`
    for the guard to watch, and the folder itself, which is locked before there is a `lock` and after it is gone.
    """

    def __init__(self, store, snapshot_id, may_adopt=False):
        self._store = store
        self.id = snapshot_id
        self.folder = store.path('.tmp-' + snapshot_id)
        self.parts = Snapshot(self.folder)
        self.is_kept = False
        self._may_adopt = may_adopt
        self._fds = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def __enter__(self):
        for _ in range(100):
            if self._try():
                return self
        raise self._taken()

    def _taken(self):
        return Failure('conflict', 'The snapshot %s is being made already: wait for its end.' % self.id)

    def _try(self):
        try:
            os.mkdir(self.folder, 0o700)
        except FileExistsError:
            if not self._may_adopt:
                if not remove_if_dead(self.folder):
                    raise self._taken()
                return False
        try:
            folder = open_folder(self.folder)
        except FileNotFoundError:
            return False
        if not try_lock(folder, 0.1):
            os.close(folder)
            if self._may_adopt:
                raise self._taken()
            return False
        if not is_same_file(self.folder, folder):
            os.close(folder)
            return False
        self._fds.append(folder)
        lock = os.open('lock', os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600, dir_fd=folder)
        self._fds.append(lock)
        if not try_lock(lock, 2):
            raise self._taken()
        return True

    def __exit__(self, kind, *_):
        try:
            if kind is not None and not self.is_kept:
                remove_folder(self.folder)
        finally:
            for fd in self._fds:
                os.close(fd)

    def publish(self, manifest):
        """The one moment at which the snapshot comes into being: rename(2) does not replace a folder that holds anything."""
        write_durably(self.parts.manifest_path, manifest)
        kept = {'data.tar.zst', 'entries.zst', 'manifest.json'}
        for name in os.listdir(self.folder):
            if name not in kept:
                os.unlink(self.path(name))
        sync_folder(self.folder)
        try:
            os.rename(self.folder, self._store.path(self.id))
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise Failure('conflict', 'There is a snapshot %s already.' % self.id)
            raise
        sync_folder(self._store.folder)
        say('published', manifest=manifest)


def parse_object(text, what):
    try:
        value = json.loads(os.fsencode(text).decode('utf-8'))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Failure('internal', '%s is not a JSON object.' % what)
    return value


# ---- create ----------------------------------------------------------------------------------------------------------

FREEZE_WAIT_SECONDS = 120


def create(args):
    """Archives a folder, checks the archive and publishes it."""
    store = Store(args.store, may_create=True)
    manifest = store.published(args.id)
    if manifest is not None:
        say('published', manifest=manifest)
        return
    about = parse_object(args.about, '--about')
    if not os.path.isdir(args.source):
        raise Failure('not-found', 'The folder %s is not there.' % args.source)
    tools = required_tools()
    with Making(store, args.id) as making:
        scan = Scan(args.source)
        say('scanned', files=scan.files, bytes=scan.bytes, allocated=scan.allocated)
        require_space(store.folder, int(scan.allocated * args.expected_ratio), 8, 'The snapshot')
        freeze = wait_for_freeze(making) if args.wait_frozen else None
        made = write_archive(args, making, scan, freeze)
        listed = check_archive(making, made['tarBytes'])
        manifest = {
            'format': 1,
            'id': args.id,
            'about': about,
            'createdAt': utc_now(),
            'allocatedBytes': scan.allocated,
            'isChangedWhileRead': made['isChanged'],
            'socketsIgnored': made['sockets'],
            'freeze': with_length_of_freeze(making, freeze),
            'tools': {'tar': tools['tar'], 'zstd': tools['zstd']},
        }
        manifest.update(listed)
        making.publish(manifest)


def wait_for_freeze(making):
    """Asks whoever guards the workspace to freeze it. The guard sees our lock, so that our death thaws it."""
    write_durably(making.path('ready'), {})
    until = time.monotonic() + FREEZE_WAIT_SECONDS
    while time.monotonic() < until:
        refused = read_json(making.path('refused'))
        if refused is not None:
            raise Failure(str(refused.get('code')), str(refused.get('message')), **refused.get('details', {}))
        frozen = read_json(making.path('frozen'))
        if frozen is not None:
            return frozen
        time.sleep(0.01)
    raise Failure('internal', 'The workspace was not frozen within %d s: try again.' % FREEZE_WAIT_SECONDS)


def with_length_of_freeze(making, freeze):
    if freeze is None:
        return None
    until = time.monotonic() + 2
    while time.monotonic() < until:
        thawed = read_json(making.path('thawed'))
        if thawed is not None:
            return dict(freeze, **thawed)
        time.sleep(0.01)
    return freeze


def is_still(freeze):
    """Whether nothing in the workspace runs while it is read."""
    return freeze is not None and freeze.get('how') != 'live'


def write_archive(args, making, scan, freeze):
    """tar | zstd, connected to each other: the bytes do not pass through here."""
    progress = Progress('archive', scan.tar_bytes)
    out = os.open(making.parts.data, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        into, sink = wide_pipe()
        tar = spawn(tar_create(args.source), stdout=sink)
        os.close(sink)
        long_window = ['--long=27'] if args.long else []
        zstd = spawn(['zstd', '-q', '-%d' % args.level, '-T0', '--check'] + long_window + ['-c'], stdin=into, stdout=out)
        os.close(into)
        complaints, errors = TarComplaints(tar), Stderr(zstd)
        while complaints.is_alive():
            complaints.join(0.1)
            progress.report(bytes=bytes_written_by(tar.pid, complaints.bytes), written=os.fstat(out).st_size)
        # Ended but not reaped: its account is still there.
        os.waitid(os.P_PID, tar.pid, os.WEXITED | os.WNOWAIT)
        tar_bytes = bytes_written_by(tar.pid, complaints.bytes)
        end_child(tar)
        # The files are read; the workspace may go on while the last of them is compressed.
        write_durably(making.path('thaw'), {})
        while errors.is_alive():
            errors.join(0.1)
            progress.report(bytes=tar_bytes, written=os.fstat(out).st_size)
        zstd.wait()
        judge_archive(making, tar, zstd, complaints, errors, freeze)
        end_child(zstd)
        os.fsync(out)
        # So that the check reads the disk, and not what memory still holds of it.
        os.posix_fadvise(out, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(out)
    return {
        'tarBytes': tar_bytes,
        'isChanged': tar.returncode == 1 or bool(complaints.changed),
        'sockets': complaints.sockets,
    }


def judge_archive(making, tar, zstd, complaints, errors, freeze):
    """Exit codes that were measured: tar 1 = a file changed, 2 = fatal; zstd 70 = target full, and tar then dies of SIGPIPE."""
    if zstd.returncode != 0:
        if _FULL.search(errors.text()):
            raise disk_full(making.folder, 'The snapshot')
        raise Failure('internal', 'zstd failed (%d): %s' % (zstd.returncode, errors.words()))
    serious = complaints.serious()
    if tar.returncode not in (0, 1) or serious:
        lines = serious or complaints.failures or ['tar ended with %d' % tar.returncode]
        raise Failure('internal', 'The files could not be read whole: %s' % '; '.join(lines[:3]), lines=lines)
    if is_still(freeze) and (tar.returncode == 1 or complaints.changed):
        raise Failure(
            'snapshot.changed',
            'Files changed although the workspace was frozen: something outside of it writes to them (%s).'
            % '; '.join(complaints.changed[:3]),
            lines=complaints.changed,
        )
    if complaints.other_systems:
        say('warning', message='%d folders or files are on other file systems and are not in the snapshot.'
            % complaints.other_systems)


def check_archive(making, tar_bytes, policy=None):
    """Reads the archive back from the disk and lists it."""
    progress = Progress('check', os.stat(making.parts.data).st_size)
    entries = EntriesWriter(making.parts.entries)
    listed = list_archive(making.parts.data, entries.add, progress, policy)
    if tar_bytes is not None and listed['tarBytes'] != tar_bytes:
        raise Corrupt('tar wrote %d bytes, but %d came back from the disk.' % (tar_bytes, listed['tarBytes']))
    listed['entries'] = entries.close()
    return listed


# ---- tools, list, entries, tree, mark, remove, sweep -----------------------------------------------------------------


def version_of(argv, pattern):
    """The version text that the pattern finds, or None when there is no such program or it is another one."""
    try:
        output = subprocess.check_output(argv, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return None
    match = re.search(pattern, output.decode('utf-8', 'replace'))
    return match.group(1) if match else None


def find_tools():
    found = {
        'python': '%d.%d.%d' % sys.version_info[:3],
        'tar': version_of(['tar', '--version'], r'\(GNU tar\) ([0-9]+(?:\.[0-9]+)+)'),
        'zstd': version_of(['zstd', '--version'], r'v([0-9]+(?:\.[0-9]+)+)'),
    }
    problems = []
    # --sort came with 1.28 (2014); --long and window checks are reliable since 1.3 (2017).
    for tool, name, least in (('tar', 'GNU tar', (1, 28)), ('zstd', 'zstd', (1, 3))):
        if found[tool] is None:
            problems.append('%s is missing: install the package %s.' % (name, tool))
        elif tuple(int(part) for part in found[tool].split('.')[:2]) < least:
            problems.append('%s %s is too old: %d.%d or later is needed.' % ((name, found[tool]) + least))
    return found, problems


def required_tools():
    found, problems = find_tools()
    if problems:
        raise Failure('snapshot.tools-missing', ' '.join(problems), problems=problems)
    return found


def tools(args):
    """What the host has."""
    found, problems = find_tools()
    say('tools', problems=problems, **found)


def list_snapshots(args):
    """All snapshots, quickly: three small files of each are looked at, no archive is read."""
    store = Store(args.store)
    room = os.statvfs(store.folder)
    say('folder', freeBytes=room.f_bavail * room.f_frsize, totalBytes=room.f_blocks * room.f_frsize)
    for name in store.names():
        if name.startswith('.') or not os.path.isdir(store.path(name)):
            continue
        snapshot = Snapshot(store.path(name))
        try:
            if not ID_PATTERN.match(name):
                raise Corrupt('Its name is not the id of a snapshot.')
            manifest = snapshot.manifest()
            say('snapshot', manifest=manifest, marks=snapshot.marks(), bytes=snapshot.disk_use())
        except (Corrupt, KeyError, TypeError) as failure:
            reason = failure.message if isinstance(failure, Failure) else 'The manifest lacks something.'
            say('broken', id=name, reason=reason)
        except FileNotFoundError:
            # Removed while we looked.
            continue
    say('end')


def entries(args):
    """The entries of a snapshot as they are stored, compressed."""
    snapshot, manifest = Store(args.store).get(args.id)
    with open(snapshot.entries, 'rb') as file:
        say('entries', bytes=os.fstat(file.fileno()).st_size, sha256=manifest['entries']['sha256'])
        shutil.copyfileobj(file, RawOutput(), MIB)


class RawOutput:
    """Standard output as a file of bytes."""

    @staticmethod
    def write(data):
        write_out(data)


def tree(args):
    """The entries of a folder as it is now, uncompressed."""
    if not os.path.isdir(args.source):
        raise Failure('not-found', 'The folder %s is not there.' % args.source)
    if args.hash:
        with LiveTree(args.source) as live:
            write_lines(line for line, _ in live.entries())
    else:
        write_lines(walk_entries(args.source))


def write_lines(lines):
    lines = iter(lines)
    while True:
        batch = list(itertools.islice(lines, 2000))
        if not batch:
            return
        write_out(b'\n'.join(batch) + b'\n')


def mark(args):
    """What people and checks say of a snapshot."""
    snapshot, _ = Store(args.store).get(args.id)
    say('marked', marks=snapshot.mark(parse_object(args.marks, '--marks')))


def remove(args):
    """Removes snapshots. The rename is what counts; a rest is swept."""
    store = Store(args.store)
    for snapshot_id in args.id:
        snapshot = store.snapshot(snapshot_id)
        doomed = store.path('.del-' + snapshot_id)
        remove_folder(doomed)
        try:
            os.rename(snapshot.folder, doomed)
            sync_folder(store.folder)
            remove_folder(doomed)
        except FileNotFoundError:
            pass
        say('removed', id=snapshot_id)


def sweep(args):
    """Removes what dead makers and interrupted removals left."""
    store = Store(args.store)
    removed = []
    for name in store.names():
        if name.startswith('.del-'):
            remove_folder(store.path(name))
            removed.append(name)
        elif name.startswith('.tmp-') and not is_kept_import(store.path(name), args.keep_imports):
            if remove_if_dead(store.path(name)):
                removed.append(name)
    sync_folder(store.folder)
    say('swept', removed=removed)


def is_kept_import(path, seconds):
    """Whether this is an import that was cut off so lately that it may go on."""
    try:
        return time.time() - os.stat(os.path.join(path, 'data.tar.zst')).st_mtime < seconds and os.path.exists(
            os.path.join(path, 'import.json'))
    except OSError:
        return False


# ---- Command line ----------------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Failure('internal', 'The arguments are wrong: %s.' % message)


def parse_arguments(argv):
    parser = Parser(prog='snapshot-helper', allow_abbrev=False)
    commands = parser.add_subparsers(dest='command', parser_class=Parser)

    def command(name, function, *options):
        sub = commands.add_parser(name, allow_abbrev=False)
        sub.set_defaults(run=function)
        for option in options:
            sub.add_argument(option, required=True)
        return sub

    sub = command('create', create, '--store', '--source', '--id', '--about')
    sub.add_argument('--wait-frozen', action='store_true')
    sub.add_argument('--long', action='store_true')
    sub.add_argument('--expected-ratio', type=float, default=1.0)
    sub.add_argument('--level', type=int, default=3, choices=range(1, 20))
    command('list', list_snapshots, '--store')
    command('entries', entries, '--store', '--id')
    command('tree', tree, '--source').add_argument('--hash', action='store_true')
    command('mark', mark, '--store', '--id', '--marks')
    command('remove', remove, '--store').add_argument('--id', action='append', required=True)
    command('sweep', sweep, '--store').add_argument('--keep-imports', type=float, default=0)
    command('tools', tools)
    args = parser.parse_args(argv)
    if args.command is None:
        parser.error('no command')
    if isinstance(getattr(args, 'id', None), str):
        check_id(args.id)
    return args


def on_stop(signum, frame):
    # Once: what is tidied up then is not to be interrupted.
    for one in _STOPPING:
        signal.signal(one, signal.SIG_IGN)
    raise Cancelled()


def fail(code, message, details):
    try:
        say('failed', code=code, message=message, details=details)
    except OSError:
        pass


def main(argv):
    os.umask(0o077)
    os.environ.setdefault('PATH', DEFAULT_PATH)
    for one in _STOPPING:
        signal.signal(one, on_stop)
    try:
        args = parse_arguments(argv)
        args.run(args)
        return 0
    except Cancelled:
        fail('cancelled', 'It was cancelled.', {})
        return 143
    except Failure as failure:
        fail(failure.code, failure.message, failure.details)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            fail('host.disk-full', 'The disk of the host is full: remove snapshots or other files there.', {})
        else:
            describe_bug()
            name = escape_name(os.fsencode(error.filename)) if isinstance(error.filename, (str, bytes)) else ''
            fail('internal', '%s: %s.' % (name or 'A system call failed', error.strerror), {})
    except Exception as error:
        describe_bug()
        fail('internal', 'The snapshot program made a mistake (%s).' % type(error).__name__, {})
    finally:
        end_children()
    return 1


def describe_bug():
    """For the log, on standard error only."""
    import traceback

    traceback.print_exc()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
