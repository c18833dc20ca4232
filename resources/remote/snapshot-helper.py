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
- With --repository the tar stream is kept by restic(1) instead of a file, and all of the above holds as well. The key and
  the secret come in one line of standard input, and are never in an argument, in an event or in words about a failure.

It speaks JSON lines, one object each with a field `event`; a failure's last line is {"event":"failed","code",...} and
the exit code 1. It is long because it must be a single file that can be copied to a host and run as it is.

Sources: POSIX.1-2017 pax (ustar and extended headers), GNU tar 1.34 manual (sparse formats 0.0, 0.1, 1.0; "old GNU"),
RFC 8878 (zstd frames and skippable frames), flock(2), rename(2), open(2), Docker Engine API 1.40.
"""
import argparse
import contextlib
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
import tempfile
import threading
import time
import urllib.parse
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
    """One JSON line. Once raw bytes are on their way, what is left to say goes to standard error."""
    line = {'event': event}
    line.update(fields)
    text = json.dumps(line, separators=(',', ':')).encode('ascii') + b'\n'
    if RawOutput.has_begun:
        os.write(2, text)
    else:
        write_out(text)


class Progress:
    """Says how far a phase is, at most every 200 ms: a page cannot show more, and logs keep every line."""

    EVERY_SECONDS = 0.2

    def __init__(self, phase, total=None):
        self.phase = phase
        self.total = total
        # The first word is said at once: that a phase has begun is news.
        self._said_at = time.monotonic() - self.EVERY_SECONDS

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


def spawn(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, more_environment=None):
    """Starts a program whose standard error we read. It is killed, and waited for, when this program ends."""
    environment = dict(more_environment or {}, PATH=os.environ['PATH'], LC_ALL='C')
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
        self._stream = self.stream_of(child)
        self._kept = bytearray()
        self.bytes = 0
        self.start()

    @staticmethod
    def stream_of(child):
        return child.stderr

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


# tar says of the write that fills the disk only how far it came.
_FULL = re.compile(br'(?i)No space left on device|Disk quota exceeded|Wrote only [0-9]+ of [0-9]+ bytes')


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
        # Most have nothing but their time there.
        is_special = len(pax) > 1 or pax and b'mtime' not in pax
        member.xattrs = xattr_digest(pax) if is_special else '-'
        member.stored = member.size = stored
        member.sparse = None
        if kind == 'f':
            self._left = -(-stored // BLOCK) * BLOCK
            if flag == b'S' or is_special and any(key.startswith((b'GNU.sparse.', b'sparse ')) for key in pax):
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
            raise Failure('snapshot.unsafe-archive', 'The archive has a member without a name, or with a NUL in it.')
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
        if member.sparse is None:
            self._left = 0
            for piece in self.source.pieces(member.stored):
                yield piece
            self.source.skip(-member.stored % BLOCK)
            return
        for _, piece in self.segments(member):
            if isinstance(piece, int):
                for zeros in zero_pieces(piece):
                    yield zeros
            else:
                yield piece

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
        self.source.skip(-member.stored % BLOCK)
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

    BATCH_BYTES = MIB

    def __init__(self, path):
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._zstd = spawn(['zstd', '-q', '-3', '--check', '-c'], stdin=subprocess.PIPE, stdout=self._fd)
        self._stderr = Stderr(self._zstd)
        self._sha256 = hashlib.sha256()
        self._lines = []
        self._size = 0
        self.count = self.files = self.content_bytes = 0

    def add(self, line, member):
        self._lines.append(line)
        self._size += len(line)
        self.count += 1
        if member.kind == 'f':
            self.files += 1
            self.content_bytes += member.size
        if self._size >= self.BATCH_BYTES:
            self._flush()

    def _flush(self):
        if not self._lines:
            return
        text = b'\n'.join(self._lines) + b'\n'
        self._lines = []
        self._size = 0
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
# they are. Bigger records (-b) were tried and saved nothing that could be measured.
TAR_CREATE = [
    'tar', '--format=posix', '--pax-option=delete=atime,delete=ctime', '--sort=name', '--no-acls', '--xattrs',
    '--xattrs-include=*', '--numeric-owner', '--sparse', '--hole-detection=seek', '--one-file-system',
    '--warning=no-timestamp',
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


# tar writes whole records: 20 blocks, where nothing else is said (-b).
RECORD = 20 * BLOCK


def archive_bytes_of(tar, complaints):
    """
    Waits for the end of tar, and says how long its archive is; None where the kernel keeps no account. With process accounting
    (acct(5)) the kernel writes what it notes of a process that ends, 64 bytes, in the name of that process: no part of a record.
    """
    # Ended but not reaped: its account is still there.
    os.waitid(os.P_PID, tar.pid, os.WEXITED | os.WNOWAIT)
    written = bytes_written_by(tar.pid, complaints.bytes)
    return None if written is None else written - written % RECORD


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
    """Reads a file or a pipe once: digests each piece and hands the very same piece to a program."""

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
            self._close()

    def _close(self):
        os.close(self._sink)

    def _more(self):
        return os.read(self._fd, MIB)

    def _feed(self):
        while True:
            data = self._more()
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

    def __init__(self, path, sink=None):
        """`sink`: a pipe to decompress into; without one the stream is read from `fd`."""
        self._path = path
        self._sink = sink

    def __enter__(self):
        try:
            self._file = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            raise Corrupt('The archive of this snapshot is missing.')
        self.total = os.fstat(self._file).st_size
        into, sink = wide_pipe()
        out = subprocess.PIPE if self._sink is None else self._sink
        self._zstd = spawn(['zstd', '-q', '-dc', '--memory=128MiB'], stdin=into, stdout=out)
        os.close(into)
        if self._sink is None:
            self.fd = self._zstd.stdout.fileno()
            widen(self.fd)
        self._stderr = Stderr(self._zstd)
        self._feeder = Feeder(self._file, sink)
        self._feeder.start()
        return self

    def __exit__(self, *_):
        end_child(self._zstd)
        if self._sink is None:
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

    def is_cut_short(self):
        """Whether the reader at the other end went away first (then it is the reader that knows why)."""
        return self._zstd.wait() in (-signal.SIGPIPE, -signal.SIGKILL, 70)

    def abandon(self):
        end_child(self._zstd)

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


def list_archive(opened, on_entry, progress, policy=None):
    """Lists every member of an archive; says what the archive's bytes and its tar stream are."""
    with opened as stream:
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
        self.files = self.bytes = self.allocated = self.tar_bytes = self.other_systems = 0
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
            self.other_systems += 1
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


def remove_below(fd, kept=None):
    """
    Empties a folder, however deep it goes and whoever moves things in it meanwhile: each folder found is first moved up
    beside it, so that no path and no recursion ever gets long, and nothing is ever followed. `kept`: a name at its top.
    """
    serial = 0
    pending = [None]
    while pending:
        name = pending.pop()
        if name is None:
            serial = _empty_once(fd, fd, serial, pending, kept)
            continue
        try:
            inner = open_folder(name, dir_fd=fd)
        except (FileNotFoundError, NotADirectoryError):
            continue
        try:
            serial = _empty_once(inner, fd, serial, pending)
        finally:
            os.close(inner)
        remove_empty(name, dir_fd=fd)


def remove_empty(name, dir_fd=None):
    try:
        os.rmdir(name, dir_fd=dir_fd)
    except FileNotFoundError:
        # Somebody else removes the same.
        pass


def _empty_once(fd, top_fd, serial, pending, kept=None):
    for name in os.listdir(fd):
        if name == kept:
            continue
        try:
            serial = _remove_or_move(name, fd, top_fd, serial, pending)
        except FileNotFoundError:
            continue
    return serial


def _remove_or_move(name, fd, top_fd, serial, pending):
    if not stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=fd)
        return serial
    if fd == top_fd:
        pending.append(name)
        return serial
    while True:
        serial += 1
        moved = '.berth-removing-%d-%d' % (os.getpid(), serial)
        try:
            # Fails on a name that is taken by a folder with something in it; an empty one is replaced, as good.
            os.rename(name, moved, src_dir_fd=fd, dst_dir_fd=top_fd)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            continue
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
    remove_empty(path)


def remove_doomed(path):
    """As remove_folder, for what a sweep and a removal, each of several perhaps, may find at the same time."""
    try:
        fd = open_folder(path)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        remove_below(fd)
        os.rmdir(path)
    except FileNotFoundError:
        # It was removed while we waited for the lock.
        pass
    finally:
        os.close(fd)


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

    def __init__(self, folder, repository=None):
        """`repository`: where its tar stream may be, if it is not here."""
        self.folder = folder
        self.repository = repository
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
        kept = manifest.get('repository')
        try:
            os.stat(self.entries)
            size = manifest['archive']['bytes'] if kept is not None else os.stat(self.data).st_size
        except FileNotFoundError:
            raise Corrupt('A file of the snapshot is missing.')
        if size != manifest['archive']['bytes']:
            raise Corrupt('The archive has %d bytes instead of %d.' % (size, manifest['archive']['bytes']))
        if kept is not None and not RESTIC_ID.match(str(kept.get('snapshot'))):
            raise Corrupt('The manifest does not say where in the repository the snapshot is.')
        return manifest

    def stream(self, manifest, sink=None):
        """Its tar stream, wherever it is kept."""
        kept = manifest.get('repository')
        if kept is None:
            return Decompressed(self.data, sink)
        if self.repository is None:
            raise Failure('conflict', 'The snapshot is in a repository, whose key was not given.')
        return Dumped(self.repository, kept, sink)

    def stream_bytes(self, manifest):
        """What `fed` of its stream comes to."""
        return manifest['archive']['bytes'] if manifest.get('repository') is None else manifest['tarBytes']

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

    def __init__(self, folder, may_create=False, repository=None):
        self.folder = os.path.abspath(folder)
        self.repository = repository
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
        return Snapshot(self.path(snapshot_id), self.repository)

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


def store_of(args, may_create=False):
    return Store(args.store, may_create, args.opened)


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
                end_children()
                self._remove()
        finally:
            for fd in self._fds:
                os.close(fd)

    def discard(self):
        """Nothing is to come of it."""
        self._remove()

    def _remove(self):
        """The guard may put a file of its own in at this very moment. What is left is swept; the failure is told as it was."""
        for _ in range(20):
            try:
                return remove_folder(self.folder)
            except OSError as error:
                if error.errno != errno.ENOTEMPTY:
                    describe_bug()
                    return None
                time.sleep(0.05)
        return None

    def _unlink(self, name):
        try:
            os.unlink(self.path(name))
        except FileNotFoundError:
            # The guard writes here, too: beside, then renamed.
            pass

    def publish(self, manifest):
        """The one moment at which the snapshot comes into being: rename(2) does not replace a folder that holds anything."""
        write_durably(self.parts.manifest_path, manifest)
        kept = {'data.tar.zst', 'entries.zst', 'manifest.json'}
        for name in os.listdir(self.folder):
            if name not in kept:
                self._unlink(name)
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
    store = store_of(args, may_create=True)
    manifest = store.published(args.id)
    if manifest is not None:
        say('published', manifest=manifest)
        return
    about = parse_object(args.about, '--about')
    if not os.path.isdir(args.source):
        raise Failure('not-found', 'The folder %s is not there.' % args.source)
    repository = store.repository
    tools = required_tools(repository)
    with Making(store, args.id) as making:
        scan = Scan(args.source)
        say('scanned', files=scan.files, bytes=scan.bytes, allocated=scan.allocated)
        if scan.other_systems:
            say('warning', message='What is in %d folders is on other file systems and not in the snapshot.'
                % scan.other_systems)
        needed = int(scan.allocated * args.expected_ratio)
        if repository is None:
            require_space(store.folder, needed, 8, 'The snapshot')
            freeze = wait_for_freeze(making) if args.wait_frozen else None
            made = write_archive(args, making, scan, freeze)
            listed = check_archive(making, made['tarBytes'])
        else:
            require_space(store.folder, 0, 8, 'The snapshot')
            repository.begin_writing(args.id, about.get('repositoryId'), needed)
            with Backup(repository, [TAG, repository.store_tag(), args.id]) as backup:
                freeze = wait_for_freeze(making) if args.wait_frozen else None
                made = write_to_repository(args, making, scan, freeze, backup)
            listed = check_kept(making, made, repository)
        manifest = {
            'format': 1,
            'id': args.id,
            'about': about,
            'createdAt': utc_now(),
            'allocatedBytes': scan.allocated,
            'isChangedWhileRead': made['isChanged'],
            'socketsIgnored': made['sockets'],
            'freeze': with_length_of_freeze(making, freeze),
            'tools': {name: tools[name] for name in ('tar', 'zstd', 'restic') if tools.get(name)},
        }
        manifest.update(listed)
        if repository is not None:
            repository.keep_manifest(manifest)
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
        tar_bytes = archive_bytes_of(tar, complaints)
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
    judge_tar(tar, complaints, freeze)


def judge_tar(tar, complaints, freeze):
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


def check_archive(making, tar_bytes, policy=None):
    """Reads the archive back from the disk and lists it."""
    opened = Decompressed(making.parts.data)
    return check_stream(making, opened, os.stat(making.parts.data).st_size, tar_bytes, policy)


def check_stream(making, opened, total, tar_bytes, policy=None):
    entries = EntriesWriter(making.parts.entries)
    listed = list_archive(opened, entries.add, Progress('check', total), policy)
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


def find_tools(with_restic=False):
    found = {
        'python': '%d.%d.%d' % sys.version_info[:3],
        'tar': version_of(['tar', '--version'], r'\(GNU tar\) ([0-9]+(?:\.[0-9]+)+)'),
        'zstd': version_of(['zstd', '--version'], r'v([0-9]+(?:\.[0-9]+)+)'),
        'restic': version_of(['restic', 'version'], r'restic ([0-9]+(?:\.[0-9]+)+)'),
    }
    problems = []
    # --sort came with 1.28 (2014); --long and window checks are reliable since 1.3 (2017).
    # restic's prune is quick, and its check reads a part, since 0.12 (2021).
    wanted = [('tar', 'GNU tar', (1, 28)), ('zstd', 'zstd', (1, 3))]
    for tool, name, least in wanted + ([('restic', 'restic', (0, 12))] if with_restic else []):
        if found[tool] is None:
            problems.append('%s is missing: install the package %s.' % (name, tool))
        elif tuple(int(part) for part in found[tool].split('.')[:2]) < least:
            problems.append('%s %s is too old: %d.%d or later is needed.' % ((name, found[tool]) + least))
    return found, problems


def required_tools(repository=None):
    found, problems = find_tools(repository is not None)
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
    if args.sweep:
        sweep(args)
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

    has_begun = False

    @staticmethod
    def write(data):
        RawOutput.has_begun = True
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
        RawOutput.write(b'\n'.join(batch) + b'\n')


def mark(args):
    """What people and checks say of a snapshot."""
    snapshot, _ = Store(args.store).get(args.id)
    say('marked', marks=snapshot.mark(parse_object(args.marks, '--marks')))


def remove(args):
    """Removes snapshots. The rename is what counts; a rest is swept."""
    store = store_of(args)
    if store.repository is not None:
        remove_kept(store, args.id)
    for snapshot_id in args.id:
        if hide(store, snapshot_id):
            remove_doomed(store.path('.del-' + snapshot_id))
        say('removed', id=snapshot_id)


def hide(store, snapshot_id):
    """From here on it is not listed. False: it was not there."""
    doomed = store.path('.del-' + snapshot_id)
    remove_doomed(doomed)
    try:
        os.rename(store.snapshot(snapshot_id).folder, doomed)
    except FileNotFoundError:
        return False
    sync_folder(store.folder)
    return True


def sweep(args):
    """Removes what dead makers and interrupted removals left."""
    store = Store(args.store)
    removed = []
    for name in store.names():
        if name.startswith('.del-'):
            remove_doomed(store.path(name))
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


# ---- verify ----------------------------------------------------------------------------------------------------------


class ListCheck:
    """Compares what is listed with entries.zst, line by line, and digests it for the manifest's numbers."""

    def __init__(self, path):
        self._expected = read_entries(path)
        self._sha256 = hashlib.sha256()
        self._count = 0

    def add(self, line, member):
        if next(self._expected, None) != line:
            raise Corrupt('The archive and its list of files differ at "%s".' % escape_name(member.path))
        self._sha256.update(line + b'\n')
        self._count += 1

    def close(self, manifest):
        if next(self._expected, None) is not None:
            raise Corrupt('The archive has fewer files than its list.')
        stored = manifest['entries']
        if self._sha256.hexdigest() != stored['sha256'] or self._count != stored['count']:
            raise Corrupt('The list of files is not the one that the manifest names.')


def require_same_archive(archive, manifest):
    size = manifest['archive']['bytes'] if manifest.get('repository') is None else manifest['tarBytes']
    if archive != {'sha256': manifest['archive']['sha256'], 'bytes': size}:
        raise Corrupt('The archive is not the one that the manifest names: its digest differs.')


def verify(args):
    """Reads a snapshot from the disk as create did, and notes the outcome in its marks."""
    snapshot = store_of(args).snapshot(args.id)
    if not os.path.isdir(snapshot.folder):
        raise Failure('not-found', 'There is no snapshot %s on this host any more.' % args.id)
    try:
        manifest = snapshot.manifest()
        check = ListCheck(snapshot.entries)
        if manifest.get('repository') is None:
            drop_from_memory(snapshot.data)
        elif snapshot.repository is not None:
            snapshot.repository.drop_from_memory()
        progress = Progress('verify', snapshot.stream_bytes(manifest))
        listed = list_archive(snapshot.stream(manifest), check.add, progress)
        require_same_archive(listed['archive'], manifest)
        check.close(manifest)
    except Corrupt as failure:
        snapshot.mark({'problem': {'code': failure.code, 'message': failure.message}})
        raise
    say('verified', marks=snapshot.mark({'verifiedAt': utc_now(), 'problem': None}))


def drop_from_memory(path):
    """So that the next read comes from the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)


# ---- restore ---------------------------------------------------------------------------------------------------------

PARTIAL = b'.berth-partial'
PARTIAL_TEXT = b'Berth is restoring a snapshot into this folder. It empties it and starts anew if it was interrupted.\n'


class Contents:
    """What a restore must know of a snapshot beforehand, in one pass over its entries; checks them against the manifest."""

    def __init__(self, snapshot, manifest):
        digest = hashlib.sha256()
        self.root_line = None
        self.root_names = set()
        self.devices = set()
        for line in read_entries(snapshot.entries):
            digest.update(line + b'\n')
            path = line.split(b'\t', 9)[8]
            if path == b'.':
                self.root_line = line
            elif b'/' not in path:
                self.root_names.add(unescape_name(path.decode('utf-8')))
            else:
                self.root_names.add(unescape_name(path.split(b'/', 1)[0].decode('utf-8')))
            if line[:1] in (b'c', b'b'):
                self.devices.add(path)
        if digest.hexdigest() != manifest['entries']['sha256']:
            raise Corrupt('The list of files is not the one that the manifest names.')


class Target:
    """
    The folder that is restored into. A file in it says that it is being restored, from before the first file until all is
    checked: whoever finds it there may empty the folder, and nobody else may.
    """

    def __init__(self, folder, root_names):
        if not os.path.isdir(folder):
            raise Failure('not-found', 'The folder %s is not there.' % folder)
        self.folder = folder
        self.marker = PARTIAL
        while self.marker in root_names:
            self.marker += b'~'
        self._root_names = root_names
        self._fd = open_folder(folder)

    def is_empty(self):
        return not os.listdir(self._fd)

    def looks_whole(self):
        return {os.fsencode(name) for name in os.listdir(self._fd)} == self._root_names

    def is_partial(self):
        return any(self._is_marker(name) for name in os.listdir(self._fd) if re.match(r'\.berth-partial~*\Z', name))

    def _is_marker(self, name):
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self._fd)
        try:
            status = os.fstat(fd)
            return (
                stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
                and PARTIAL_TEXT.startswith(os.read(fd, len(PARTIAL_TEXT) + 1))
            )
        finally:
            os.close(fd)

    def begin(self):
        """Marks it, and then empties it."""
        fd = os.open(self.marker, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600, dir_fd=self._fd)
        try:
            os.write(fd, PARTIAL_TEXT)
            os.fsync(fd)
        finally:
            os.close(fd)
        os.fsync(self._fd)
        remove_below(self._fd, kept=os.fsdecode(self.marker))

    def abandon(self):
        """Leaves it empty, as it was found."""
        remove_below(self._fd, kept=os.fsdecode(self.marker))
        os.unlink(self.marker, dir_fd=self._fd)

    def begin_to_sync(self):
        """
        Has what was extracted written to the disk while it is compared: the one needs the disk, the other processors. On a
        descriptor of its own, since a failure to write is told once for each (syncfs(2)); `finish` waits for the rest.
        """
        if LIBC is not None:
            threading.Thread(target=LIBC.syncfs, args=(open_folder(self.folder),), daemon=True).start()

    def finish(self, root_line):
        """Makes all durable, and only then takes the mark away; the folder's own time is what that changes."""
        if LIBC is None or LIBC.syncfs(self._fd) != 0:
            os.sync()
        try:
            os.unlink(self.marker, dir_fd=self._fd)
        except FileNotFoundError:
            pass
        if root_line is not None:
            ns = ns_of_mtime(root_line.split(b'\t')[5].decode('ascii'))
            os.utime(self._fd, ns=(ns, ns))
        os.fsync(self._fd)


def restore(args):
    """Extracts a snapshot into an empty folder and compares every field of every file with what the snapshot lists."""
    snapshot, manifest = store_of(args).get(args.id)
    contents = Contents(snapshot, manifest)
    target = Target(args.target, contents.root_names)
    skipped = contents.devices if args.no_devices else set()
    compare = Comparison(snapshot, manifest, args.target, target.marker, skipped)
    if not target.is_empty() and not target.is_partial():
        # Killed after its last step but before anybody heard of it: the same again changes nothing.
        if not target.looks_whole() or compare.differences(with_root=False):
            raise Failure('conflict', 'The folder %s is not empty: restore into an empty one.' % args.target)
    else:
        target.begin()
        try:
            count = manifest['entries']['count']
            require_space(args.target, manifest.get('allocatedBytes', 0), count, 'The restored files')
            compare.forgiven = extract(snapshot, manifest, args.target, skipped)
            target.begin_to_sync()
            compare.require_same()
        except BaseException:
            # tar would go on filling what is emptied.
            end_children()
            target.abandon()
            raise
    target.finish(contents.root_line)
    if skipped:
        say('warning', message='%d device nodes were left out.' % len(skipped))
    say('restored', entries=manifest['entries']['count'] - len(skipped))


# tar writes the name as it is here, newlines and all.
_XATTR_REFUSED = re.compile(
    br"tar: [a-z]*xattr[a-z]*: Cannot set '([^'\n]*)' extended attribute for file '(.*?)': Operation not (?:permitted|supported)\n",
    re.DOTALL,
)


class AllStderr(Stderr):
    """Keeps enough for one line about each of very many files."""

    KEPT = 64 * MIB


def extract(snapshot, manifest, target, skipped):
    """The archive through zstd and tar into the folder. Returns the escaped paths that lost an extended attribute."""
    progress = Progress('extract', snapshot.stream_bytes(manifest))
    into, sink = wide_pipe()
    tar = spawn(TAR_EXTRACT + ['-C', target], stdin=into)
    os.close(into)
    errors = AllStderr(tar)
    with snapshot.stream(manifest, sink=None if skipped else sink) as stream:
        try:
            if skipped:
                copy_without(stream, sink, skipped)
        except BrokenPipeError:
            # tar is gone; why is said below.
            stream.abandon()
        finally:
            os.close(sink)
        while errors.is_alive():
            errors.join(0.1)
            progress.report(bytes=stream.fed)
        tar.wait()
        text = errors.text()
        if _FULL.search(text):
            raise disk_full(target, 'The restored files')
        if not stream.is_cut_short():
            require_same_archive(stream.finish(), manifest)
    forgiven = say_refused_attributes(text)
    rest = _XATTR_REFUSED.sub(b'', text)
    if tar.returncode != 0 or re.search(br'Cannot|Warning|rror', rest):
        lines = [escape_name(line) for line in rest.splitlines()[:5]]
        raise Failure('internal', 'The files could not be written whole: %s' % '; '.join(lines), lines=lines)
    end_child(tar)
    return forgiven


def say_refused_attributes(text):
    refused = {}
    for name, path in _XATTR_REFUSED.findall(text):
        refused.setdefault(name, set()).add(escape_name(normal_path(path)).encode('utf-8'))
    for name in sorted(refused):
        say('warning', message='The extended attribute %s could not be set on %d files: its kind needs more rights.'
            % (escape_name(name), len(refused[name])))
    return set().union(*refused.values()) if refused else set()


def copy_without(stream, sink, skipped):
    """The same tar stream without some members."""
    writer = TarWriter(sink)
    reader = TarReader(stream.fd)
    for member in reader:
        if escape_name(member.path).encode('utf-8') not in skipped:
            writer.copy(reader, member, member.path, member.link)
    writer.close()


class Comparison:
    """A folder compared with the entries of a snapshot."""

    MOST = 5

    def __init__(self, snapshot, manifest, folder, marker, skipped):
        self._snapshot = snapshot
        self._is_imported = bool(manifest.get('isImported'))
        self._is_ordered = True
        self._folder = folder
        self._marker = escape_name(marker).encode('utf-8')
        self._skipped = skipped
        self._progress = Progress('compare', manifest['entries']['count'])
        self.forgiven = set()

    def require_same(self):
        differences = self.differences()
        if differences:
            raise Corrupt(
                'The restored files are not what the snapshot lists, first at "%s": nothing was kept.'
                % differences[0]['path'],
                differences=differences,
            )

    def differences(self, with_root=True):
        """The first few, each with what was expected and what was found."""
        self._is_ordered = True
        found = self._compare(with_root)
        if found and self._is_imported:
            # Other programs have another order; that takes more memory.
            self._is_ordered = False
            found = self._compare(with_root)
        return found

    def _compare(self, with_root):
        with LiveTree(self._folder) as live:
            pairs = self._pairs(self._expected(), self._found(live))
            unlike = (pair for pair in pairs if not self._is_same(pair[0], pair[1], with_root))
            return [self._describe(*pair) for pair in itertools.islice(unlike, self.MOST)]

    def _expected(self):
        for line in read_entries(self._snapshot.entries):
            if line.split(b'\t', 9)[8] not in self._skipped or line[:1] not in (b'c', b'b'):
                yield line

    def _found(self, live):
        count = 0
        for line, _ in live.entries():
            count += 1
            self._progress.report(bytes=count)
            if line.split(b'\t', 9)[8] != self._marker:
                yield line

    def _pairs(self, expected, found):
        if self._is_ordered:
            return itertools.zip_longest(expected, found)
        return unordered_pairs(expected, found)

    def _is_same(self, expected, found, with_root):
        if expected == found:
            return True
        if expected is None or found is None:
            return False
        wanted, have = expected.split(b'\t'), found.split(b'\t')
        if wanted[8] in self.forgiven:
            wanted[7] = have[7]
        if wanted[8] == b'.' and not with_root:
            wanted[5] = have[5]
        if not self._is_ordered and wanted[0] == b'l':
            # Other programs note a mode for symbolic links, and Linux knows only one.
            wanted[1] = have[1]
        return wanted == have

    @staticmethod
    def _describe(expected, found):
        text = [None if line is None else line.decode('utf-8') for line in (expected, found)]
        return {'path': (text[0] or text[1]).split('\t')[8], 'expected': text[0], 'found': text[1]}


def unordered_pairs(expected, found):
    """
    For archives of other programs: any order, folders that are only implied, the same name twice (the last counts), and
    the names of a hard-linked file in any order. Held in memory whole.
    """
    wanted, have = canonical(expected), canonical(found)
    implied = {b'.'}
    for path in wanted:
        while b'/' in path:
            path = path.rsplit(b'/', 1)[0]
            implied.add(path)
    for path in sorted(set(wanted) | set(have)):
        if path not in wanted and path in implied and have[path].startswith(b'd'):
            continue
        yield wanted.get(path), have.get(path)


def canonical(lines):
    """path → line, where each name of a hard-linked file has the file's own fields and the first of the names as link."""
    fields = {}
    for line in lines:
        parts = line.split(b'\t')
        fields[parts[8]] = parts
    leaders = {}
    names = {}
    for path, parts in fields.items():
        leader = path
        for _ in range(len(fields)):
            if fields[leader][0] != b'h' or fields[leader][9] not in fields:
                break
            leader = fields[leader][9]
        leaders[path] = leader
        names.setdefault(leader, []).append(path)
    first = {leader: min(group) for leader, group in names.items() if len(group) > 1}
    result = {}
    for path, leader in leaders.items():
        parts = list(fields[leader])
        parts[8] = path
        if leader in first and parts[0] != b'l':
            parts[9] = first[leader]
        result[path] = b'\t'.join(parts)
    return result


# ---- Writing a tar stream --------------------------------------------------------------------------------------------

_FLAGS = {'f': b'0', 'h': b'1', 'l': b'2', 'c': b'3', 'b': b'4', 'd': b'5', 'p': b'6'}


class TarWriter:
    """Writes members of one archive into another stream (pax), under other names."""

    def __init__(self, fd):
        self._fd = fd

    def _write(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view):]

    def copy(self, reader, member, path, link, kind=None):
        """Sparse 1.0 is passed on as it is; older maps, which stand in the header, are expanded."""
        kind = kind or member.kind
        is_passed = member.sparse in (None, '1.0')
        stored = 0 if kind != 'f' else member.stored if is_passed else member.size
        self._write(self._headers(member, kind, path, link, stored, is_passed))
        if kind != 'f':
            return
        if is_passed:
            for piece in reader.stored_content(member):
                self._write(piece)
            return
        for piece in reader.content(member):
            self._write(piece)
        self._write(bytes(-stored % BLOCK))

    def _headers(self, member, kind, path, link, stored, is_passed):
        name = path + b'/' if kind == 'd' else path
        records = {
            key: value for key, value in member.pax.items()
            if key.startswith((b'SCHILY.xattr.', b'mtime', b'atime', b'ctime'))
            or (is_passed and kind == 'f' and key.startswith(b'GNU.sparse.'))
        }
        if b'GNU.sparse.name' in records:
            records[b'GNU.sparse.name'] = name
        elif len(name) > 100:
            records[b'path'] = name
        if len(link) > 100:
            records[b'linkpath'] = link
        seconds = member.mtime.split('.')[0]
        values = {b'uid': member.uid, b'gid': member.gid, b'size': stored}
        for key, most in ((b'uid', 0o7777777), (b'gid', 0o7777777), (b'size', 0o77777777777)):
            if values[key] > most:
                records[key] = b'%d' % values[key]
                values[key] = 0
        if b'mtime' not in records and not 0 <= int(seconds) <= 0o77777777777:
            records[b'mtime'] = seconds.encode('ascii')
        mtime = min(max(int(seconds), 0), 0o77777777777)
        plain = link[:100] if kind in 'hl' else b''
        header = ustar_header(name[:100], member.mode, values, mtime, _FLAGS[kind], plain, member.header[329:345])
        if not records:
            return header
        content = pax_records(records)
        extended = ustar_header(b'PaxHeaders/member', 0o644, {b'uid': 0, b'gid': 0, b'size': len(content)}, 0, b'x', b'', b'')
        return extended + content + bytes(-len(content) % BLOCK) + header

    def close(self):
        self._write(ZERO_BLOCK * 2)


def ustar_header(name, mode, values, mtime, flag, link, device):
    header = bytearray(BLOCK)
    header[0:len(name)] = name
    header[100:108] = b'%07o\0' % mode
    header[108:116] = b'%07o\0' % values[b'uid']
    header[116:124] = b'%07o\0' % values[b'gid']
    header[124:136] = b'%011o\0' % values[b'size']
    header[136:148] = b'%011o\0' % mtime
    header[148:156] = b'        '
    header[156:157] = flag
    header[157:157 + len(link)] = link
    header[257:265] = b'ustar\x0000'
    header[329:329 + len(device)] = device
    header[148:156] = b'%06o\0 ' % sum(header)
    return bytes(header)


def pax_records(records):
    """A record's length counts itself."""
    lines = []
    for key in sorted(records):
        rest = b' ' + key + b'=' + records[key] + b'\n'
        size = len(rest) + 1
        while size != len(rest) + len(b'%d' % size):
            size = len(rest) + len(b'%d' % size)
        lines.append(b'%d' % size + rest)
    return b''.join(lines)


# ---- A part of a snapshot --------------------------------------------------------------------------------------------


class Planned:
    """What becomes of one member of the archive."""

    __slots__ = ('path', 'link', 'kind', 'line')

    def __init__(self, path, link, kind, line):
        self.path, self.link, self.kind, self.line = path, link, kind, line


class Selection:
    """
    Files and folders of a snapshot, each under a new name: `plan` tells by the index of a member in the archive what
    becomes of it. A hard link whose file is outside of the selection becomes that file.
    """

    def __init__(self, snapshot, manifest, roots):
        """`roots`: path (bytes) → its new name (bytes)."""
        self._snapshot = snapshot
        self._manifest = manifest
        self._roots = {escape_name(path).encode('utf-8'): name for path, name in roots.items()}
        self._below = tuple(b'' if path == b'.' else path + b'/' for path in self._roots)
        self.plan = {}
        self.lines = {}
        links = []
        digest = hashlib.sha256()
        indexes = {}
        for index, line in enumerate(read_entries(snapshot.entries)):
            digest.update(line + b'\n')
            path = line.split(b'\t', 9)[8]
            if path in self._roots or path.startswith(self._below):
                indexes[path] = index
                self.lines[path] = line
        if digest.hexdigest() != manifest['entries']['sha256']:
            raise Corrupt('The list of files is not the one that the manifest names.')
        for path, index in indexes.items():
            parts = self.lines[path].split(b'\t')
            if parts[0] == b'h':
                links.append((path, parts[9]))
            else:
                self._plan(index, path, parts)
        self._plan_links(links, indexes)
        self.last = max(self.plan) if self.plan else -1

    def _plan(self, index, path, parts):
        link = unescape_name(parts[9].decode('utf-8')) if parts[0] == b'l' else b''
        self.plan[index] = Planned(self.renamed(path), link, parts[0].decode('ascii'), self.lines[path])

    def renamed(self, path):
        """The new name of an escaped path, as bytes."""
        root, rest = path, b''
        while root not in self._roots:
            root, _, name = root.rpartition(b'/')
            rest = b'/' + name + rest
            if not root:
                root = b'.'
        name = self._roots[root]
        whole = name + unescape_name(rest.decode('utf-8'))
        return whole[2:] if whole.startswith(b'./') else whole

    def _plan_links(self, links, indexes):
        outside = {}
        for path, target in links:
            if target in self.lines and self.lines[target][:1] != b'h':
                line = self.lines[path]
                self.plan[indexes[path]] = Planned(self.renamed(path), self.renamed(target), 'h', line)
            else:
                outside.setdefault(target, []).append((path, indexes[path]))
        if not outside:
            return
        found = self._find(outside)
        for target, names in outside.items():
            if target not in found:
                raise Corrupt('The snapshot has a link to "%s", which it lacks.' % target.decode('utf-8'))
            index, line = found[target]
            first = self.renamed(names[0][0])
            parts = line.split(b'\t')
            link = unescape_name(parts[9].decode('utf-8')) if parts[0] == b'l' else b''
            self.plan[index] = Planned(first, link, parts[0].decode('ascii'), line)
            self.lines[names[0][0]] = line
            for path, link_index in names[1:]:
                self.plan[link_index] = Planned(self.renamed(path), first, 'h', self.lines[path])

    def _find(self, targets):
        """target → (index, line) of the file it is, through links to links."""
        known = {}
        wanted = set(targets)
        while wanted:
            before = len(known)
            for index, line in enumerate(read_entries(self._snapshot.entries)):
                path = line.split(b'\t', 9)[8]
                if path in wanted:
                    known[path] = (index, line)
            wanted = {line.split(b'\t')[9] for _, line in known.values() if line[:1] == b'h'} - set(known)
            if len(known) == before:
                break
        found = {}
        for target in targets:
            at = target
            for _ in range(len(known)):
                if at in known and known[at][1][:1] == b'h':
                    at = known[at][1].split(b'\t')[9]
            if at in known and known[at][1][:1] != b'h':
                found[target] = known[at]
        return found

    def members(self):
        """(reader, member, planned) in the archive's order, checked against the entries; ends after the last one needed."""
        with self._snapshot.stream(self._manifest) as stream:
            reader = TarReader(stream.fd)
            try:
                for index, member in enumerate(reader):
                    planned = self.plan.get(index)
                    if planned is not None:
                        self._require_listed(member, planned)
                        yield reader, member, planned
                    if index >= self.last:
                        return
            except Corrupt as failure:
                raise stream.explain(failure)
        raise Corrupt('The archive has fewer files than its list.')

    @staticmethod
    def _require_listed(member, planned):
        stored_digest = planned.line.split(b'\t')[6].decode('ascii')
        if entry_line(member, stored_digest) != planned.line:
            raise Corrupt('The archive and its list of files differ at "%s".' % escape_name(member.path))


def checked_content(reader, member, planned):
    """The content in pieces; at its end the digest must be the listed one."""
    digest = hashlib.sha256()
    for piece in reader.content(member):
        digest.update(piece)
        yield piece
    require_digest(digest, member, planned)


def require_digest(digest, member, planned):
    if digest.hexdigest().encode('ascii') != planned.line.split(b'\t')[6]:
        raise Corrupt('The content of "%s" is not what was stored.' % escape_name(member.path))


def find_entry(snapshot, path):
    """The line of a path (escaped, bytes); the last one counts."""
    found = None
    middle = b'\t' + path + b'\t'
    for line in read_entries(snapshot.entries):
        if middle in line and line.split(b'\t', 9)[8] == path:
            found = line
    if found is None:
        raise Failure('not-found', 'The snapshot has no "%s".' % path.decode('utf-8'))
    return found


def given_path(text):
    """(raw, escaped) bytes of a path given as an argument."""
    text = os.fsencode(text).decode('utf-8', 'surrogateescape')
    raw = unescape_name(text)
    return raw, escape_name(raw).encode('utf-8')


def read(args):
    """A file's bytes, or a folder as a tar stream with paths below the folder's own name."""
    snapshot, manifest = store_of(args).get(args.id)
    raw, escaped = given_path(args.path)
    kind = find_entry(snapshot, escaped)[:1]
    name = raw.rsplit(b'/', 1)[-1]
    if kind not in (b'f', b'h', b'd'):
        raise Failure('conflict', '"%s" is neither a file nor a folder: it has no content to read.' % args.path)
    selection = Selection(snapshot, manifest, {raw: name})
    if kind == b'd':
        say('folder', name=escape_name(name))
        writer = TarWriter(1)
        for reader, member, planned in selection.members():
            writer.copy(reader, member, planned.path, planned.link, planned.kind)
        writer.close()
        return
    for reader, member, planned in selection.members():
        if planned.kind != 'f':
            raise Failure('conflict', '"%s" is neither a file nor a folder: it has no content to read.' % args.path)
        say('file', bytes=member.size, name=escape_name(name))
        for piece in checked_content(reader, member, planned):
            RawOutput.write(piece)


# ---- put-back --------------------------------------------------------------------------------------------------------

_SPARE = re.compile(r'\.berth-put-back-[0-9a-f]{16}\Z')
_RENAME_NOREPLACE = 1


def rename_new(source_fd, source, target_fd, target):
    """Renames without replacing anything: renameat2(2). Without it a look beforehand, which leaves an instant open."""
    if LIBC is not None and hasattr(LIBC, 'renameat2'):
        if LIBC.renameat2(source_fd, source, target_fd, target, _RENAME_NOREPLACE) == 0:
            return
        import ctypes

        code = ctypes.get_errno()
        if code not in (errno.EINVAL, errno.ENOSYS):
            raise OSError(code, os.strerror(code), target)
    try:
        os.stat(target, dir_fd=target_fd, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(source, target, src_dir_fd=source_fd, dst_dir_fd=target_fd)
        return
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)


def components(path):
    """The parts of a path of an archive; none of them leads anywhere else."""
    parts = path.split(b'/')
    if any(part in (b'', b'.', b'..') for part in parts):
        raise Failure('snapshot.unsafe-archive', 'The snapshot has an unsafe path: "%s".' % escape_name(path))
    return parts


class FolderWriter:
    """
    Writes members below an open folder. Others may move things in it at any instant, so every step goes from an open
    folder to a name in it, never through a link, and a file is always a new one; what is set is set on what was opened.
    """

    def __init__(self, fd):
        self._fd = fd
        self._at = ()
        self._open = []
        self._folders = []

    def _parent(self, parts):
        """The open parent of a path, its missing parts made. Keeps the last chain open: members come in order."""
        wanted = tuple(parts[:-1])
        while self._at != wanted[:len(self._at)]:
            os.close(self._open.pop())
            self._at = self._at[:-1]
        for name in wanted[len(self._at):]:
            above = self._open[-1] if self._open else self._fd
            try:
                below = open_folder(name, dir_fd=above)
            except FileNotFoundError:
                os.mkdir(name, 0o700, dir_fd=above)
                below = open_folder(name, dir_fd=above)
            self._open.append(below)
            self._at += (name,)
        return self._open[-1] if self._open else self._fd

    def write(self, reader, member, planned):
        parts = components(planned.path)
        name, parent = parts[-1], self._parent(parts)
        kind = planned.kind
        if kind == 'd':
            try:
                os.mkdir(name, 0o700, dir_fd=parent)
            except FileExistsError:
                pass
            # Its own fields come last: writing into it changes its time, and its mode may forbid writing.
            self._folders.append((parts, member))
        elif kind == 'f':
            self._write_file(parent, name, reader, member, planned)
        elif kind == 'h':
            target = components(planned.link)
            source = self._parent_for_link(target)
            try:
                os.link(target[-1], name, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
            finally:
                os.close(source)
        else:
            self._make_node(parent, name, member, planned)

    def _parent_for_link(self, parts):
        fd = os.dup(self._fd)
        for name in parts[:-1]:
            below = open_folder(name, dir_fd=fd)
            os.close(fd)
            fd = below
        return fd

    def _write_file(self, parent, name, reader, member, planned):
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=parent)
        try:
            digest = hashlib.sha256()
            if member.sparse is None:
                for piece in reader.content(member):
                    digest.update(piece)
                    self._write_at(fd, piece, None)
            else:
                for offset, piece in reader.segments(member):
                    if isinstance(piece, int):
                        for zeros in zero_pieces(piece):
                            digest.update(zeros)
                    else:
                        digest.update(piece)
                        self._write_at(fd, piece, offset)
                os.ftruncate(fd, member.size)
            require_digest(digest, member, planned)
            self._set_fields(fd, member)
            os.fsync(fd)
        finally:
            os.close(fd)

    @staticmethod
    def _write_at(fd, piece, offset):
        view = memoryview(piece)
        while view:
            count = os.write(fd, view) if offset is None else os.pwrite(fd, view, offset)
            view = view[count:]
            if offset is not None:
                offset += count

    def _make_node(self, parent, name, member, planned):
        if planned.kind == 'l':
            os.symlink(planned.link, name, dir_fd=parent)
        elif planned.kind == 'p':
            os.mkfifo(name, 0o600, dir_fd=parent)
        else:
            major, minor = (int(part) for part in member.link.split(b','))
            kind = stat.S_IFCHR if planned.kind == 'c' else stat.S_IFBLK
            os.mknod(name, kind | 0o600, os.makedev(major, minor), dir_fd=parent)
        # O_PATH: the very node, without opening what it stands for.
        fd = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=parent)
        try:
            self._set_node_fields(parent, name, fd, member)
        finally:
            os.close(fd)

    def _set_node_fields(self, parent, name, fd, member):
        os.chown(name, member.uid, member.gid, dir_fd=parent, follow_symlinks=False)
        through = b'/proc/self/fd/%d/%s' % (parent, name)
        if member.kind != 'l':
            os.chmod('/proc/self/fd/%d' % fd, member.mode)
        for key, value in xattrs_of(member):
            set_xattr(through, key, value, member, follow_symlinks=False)
        ns = ns_of_mtime(member.mtime)
        os.utime(name, ns=(ns, ns), dir_fd=parent, follow_symlinks=False)

    @staticmethod
    def _set_fields(fd, member):
        """In this order: chown(2) clears capabilities and set-user-ID; an ACL is the finer form of the mode; time is last."""
        os.fchown(fd, member.uid, member.gid)
        os.fchmod(fd, member.mode)
        for key, value in xattrs_of(member):
            set_xattr(fd, key, value, member)
        ns = ns_of_mtime(member.mtime)
        os.utime(fd, ns=(ns, ns))

    def close(self):
        """The folders' own fields, the innermost first."""
        while self._open:
            os.close(self._open.pop())
        self._at = ()
        for parts, member in reversed(self._folders):
            parent = self._parent_for_link(parts)
            try:
                fd = open_folder(parts[-1], dir_fd=parent)
            finally:
                os.close(parent)
            try:
                self._set_fields(fd, member)
            finally:
                os.close(fd)


def xattrs_of(member):
    return [(key[len(_XATTR):], value) for key, value in sorted(member.pax.items()) if key.startswith(_XATTR)]


def set_xattr(target, key, value, member, **options):
    try:
        os.setxattr(target, key, value, **options)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP):
            raise
        say('warning', message='The extended attribute %s could not be set on "%s": its kind needs more rights.'
            % (escape_name(key), escape_name(member.path)))


class SpareFolder:
    """
    A folder of our own at the root of a live volume, 0700, gone in any case afterwards; what earlier kills left goes
    first. It is locked while somebody uses it.
    """

    def __init__(self, root_fd):
        self._root_fd = root_fd

    def __enter__(self):
        self._remove_old()
        self.name = '.berth-put-back-%s' % os.urandom(8).hex()
        os.mkdir(self.name, 0o700, dir_fd=self._root_fd)
        self.fd = open_folder(self.name, dir_fd=self._root_fd)
        try_lock(self.fd)
        return self

    def __exit__(self, *_):
        self._remove(self.name, self.fd)

    def _remove(self, name, fd):
        try:
            remove_below(fd)
            os.rmdir(name, dir_fd=self._root_fd)
        except OSError as error:
            # Somebody else moved or refilled it meanwhile. What is done is done; the next call tries again.
            say('warning', message='A folder %s is left in the workspace: %s.' % (name, error.strerror))
        finally:
            os.close(fd)

    def _remove_old(self):
        for name in os.listdir(self._root_fd):
            if not _SPARE.match(name):
                continue
            try:
                fd = open_folder(name, dir_fd=self._root_fd)
            except OSError:
                continue
            if try_lock(fd):
                self._remove(name, fd)
            else:
                os.close(fd)


class PutBack:
    """Moves what was extracted to its place in the live volume."""

    def __init__(self, snapshot, root_fd, stamp):
        self._snapshot = snapshot
        self._root_fd = root_fd
        self._stamp = stamp

    def move(self, spare, name, path):
        """Returns the name under which what was there before is kept, or None."""
        parts = components(path)
        parent = self._open_parent(parts[:-1], path)
        try:
            for _ in range(100):
                kept = self._set_aside(parent, parts[-1])
                try:
                    rename_new(spare.fd, name, parent, parts[-1])
                    os.fsync(parent)
                    return kept
                except FileExistsError:
                    # Somebody made it anew in between: that, too, is kept.
                    continue
            raise Failure('conflict', '"%s" is made anew again and again: stop the workspace first.' % escape_name(path))
        finally:
            os.close(parent)

    def _open_parent(self, parts, path):
        fd = os.dup(self._root_fd)
        for depth, name in enumerate(parts):
            try:
                below = self._open_or_make(fd, name, b'/'.join(parts[:depth + 1]))
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                    raise
                raise Failure('conflict', '"%s" cannot be put back: "%s" is not a folder any more. Move it away first.'
                              % (escape_name(path), escape_name(b'/'.join(parts[:depth + 1]))))
            finally:
                os.close(fd)
            fd = below
        return fd

    def _open_or_make(self, fd, name, path):
        try:
            return open_folder(name, dir_fd=fd)
        except FileNotFoundError:
            pass
        try:
            os.mkdir(name, 0o700, dir_fd=fd)
        except FileExistsError:
            return open_folder(name, dir_fd=fd)
        below = open_folder(name, dir_fd=fd)
        try:
            parts = find_entry(self._snapshot, escape_name(path).encode('utf-8')).split(b'\t')
            os.fchown(below, int(parts[2]), int(parts[3]))
            os.fchmod(below, int(parts[1], 8))
        except Failure:
            # Only implied by the archive: an ordinary folder.
            os.fchmod(below, 0o755)
        return below

    def _set_aside(self, parent, name):
        for number in itertools.count(1):
            suffix = b'.before-' + self._stamp + (b'-%d' % number if number > 1 else b'')
            kept = name[:255 - len(suffix)] + suffix
            try:
                rename_new(parent, name, parent, kept)
                return kept
            except FileNotFoundError:
                return None
            except FileExistsError:
                continue


def put_back(args):
    """Puts files and folders of a snapshot back into a volume that is in use; nothing there is lost."""
    snapshot, manifest = store_of(args).get(args.id)
    paths = outermost(given_path(path)[0] for path in args.path)
    names = {path: b'%d' % number for number, path in enumerate(paths)}
    selection = Selection(snapshot, manifest, names)
    for path in paths:
        if escape_name(path).encode('utf-8') not in selection.lines:
            raise Failure('not-found', 'The snapshot has no "%s".' % escape_name(path))
    sizes = [int(line.split(b'\t')[4]) for line in selection.lines.values()]
    root_fd = open_folder(args.target)
    try:
        require_space(args.target, sum(sizes), len(sizes), 'Putting files back')
        with SpareFolder(root_fd) as spare:
            writer = FolderWriter(spare.fd)
            progress = Progress('put-back', len(selection.plan))
            for count, (reader, member, planned) in enumerate(selection.members()):
                writer.write(reader, member, planned)
                progress.report(bytes=count)
            writer.close()
            mover = PutBack(snapshot, root_fd, time.strftime('%Y%m%d-%H%M%S', time.gmtime()).encode('ascii'))
            for path in paths:
                kept = mover.move(spare, names[path], path)
                say('put-back', path=escape_name(path), kept=None if kept is None else escape_name(kept))
    finally:
        os.close(root_fd)


def outermost(paths):
    """Sorted, without those that are inside of others. The root is not put back: that is a restore."""
    kept = []
    for path in sorted(set(paths)):
        components(path)
        if not any(path.startswith(other + b'/') for other in kept):
            kept.append(path)
    return kept


# ---- Repositories: tar streams that restic keeps -----------------------------------------------------------------------

RESTIC_ID = re.compile(r'[0-9a-f]{64}\Z')
DATA_NAME = 'data.tar'
MANIFEST_NAME = 'manifest.json'
TAG = 'berth'
MANIFEST_TAG = 'berth-manifest'
NO_INPUT_CODE = 75
# restic tries ten times, for a minute or so; past this something is stuck.
LOOK_SECONDS = 180
# Cleaning up a large repository over a slow line takes hours.
LONG_SECONDS = 24 * 3600
# Packs have 16 MiB mostly: a check reads about a GiB, or a twentieth where that is more.
PART_PACKS = 64
MOST_PARTS = 20
# No byte in either direction for so long: the way there is dead although nobody said so.
STALL_SECONDS = 900
# Somebody else's work on the same repository, which we wait for: reading and making; cleaning up.
SHARE_SECONDS = 300
ALONE_SECONDS = 3600
# What another host began and never finished counts as abandoned then.
ABANDONED_SECONDS = 7 * 24 * 3600
# The helper has 1 GiB in all; restic's index of a large repository takes most of it.
RESTIC_MEMORY = '700MiB'

_WRONG_KEY = re.compile(r'wrong password or no key found')
_NO_SPACE = re.compile(r'no space left on device|disk quota exceeded', re.IGNORECASE)
_NO_PROGRAM = re.compile(r'exec: "?([a-z]+)"?: executable file not found')
_LOCKED = re.compile(r'already locked|unable to create lock', re.IGNORECASE)
_NO_REPOSITORY = re.compile(
    r'(no such file or directory|file does not exist|not found|404|does not exist)[^|]*Is there a repository', re.IGNORECASE)
_THERE_ALREADY = re.compile(r'already exists|already initialized')
# Of a part of a repository that is there.
_LOST = re.compile(r'no such file or directory|file does not exist|\b404\b')
_AWAY = re.compile(
    r'dial (tcp|udp)|connection (refused|reset|timed out|closed|lost)|no route to host|no such host|i/o timeout|timed out'
    r'|network is unreachable|deadline exceeded|unable to open config file|ssh command exited|sftp session|sftp: '
    r'|Permission denied|Host key verification failed|x509:|tls: |server response unexpected|unexpected HTTP response'
    r'|\b(401|403|50[0-9])\b|Access Denied|broken pipe', re.IGNORECASE)


@contextlib.contextmanager
def opened_repository(args):
    """What --repository asks for; None without it. The secrets are gone from the disk at the end."""
    if not getattr(args, 'repository', False):
        yield None
        return
    repository = Repository(args.store, args.repository_folder)
    try:
        repository.prepare(take_access())
        yield repository
    finally:
        repository.close()


def take_access():
    """The first line of standard input. Ended before it came: whoever started us died; started again, we get it."""
    line = bytearray()
    while not line.endswith(b'\n'):
        data = os.read(0, 65536)
        if not data:
            os.write(2, b'There was no line with the access to the repository.\n')
            raise SystemExit(NO_INPUT_CODE)
        line += data
    try:
        access = json.loads(line.decode('utf-8'))
        access['place']['kind'], access['key'], access['secret']
        return access
    except (ValueError, KeyError, TypeError):
        raise Failure('internal', 'The line with the access to the repository cannot be read.') from None


class Stdout(Stderr):
    """The same for what it says on standard output: a list of snapshots is 500 bytes for each."""

    KEPT = 64 * MIB

    @staticmethod
    def stream_of(child):
        return child.stdout


class Repository:
    """
    One repository of restic, as this store sees it. Several of us may read it and add to it at once; who takes things away
    is alone, by a lock in the store that the kernel drops at any death. Other hosts are kept out by restic's own locks.
    """

    def __init__(self, store_folder, folder):
        self._store = os.path.abspath(store_folder)
        self.folder = os.path.abspath(folder)
        self.id = None
        self._options = []
        self._files = self._ssh_log = None
        self._temporary = self._temporary_fd = self._lock_fd = None

    def prepare(self, access):
        place, key, secret = access['place'], access['key'], access['secret'] or ''
        if place['kind'] != 'folder':
            self.folder = None
        self._secrets = {key, secret, urllib.parse.quote(secret, safe='')}
        self._secrets.update(line for line in secret.splitlines() if len(line) > 16)
        self._environment = {
            'RESTIC_PASSWORD': key,
            'HOME': '/',
            'GOMEMLIMIT': RESTIC_MEMORY,
            # Go looks into each; a helper has no /etc of its host but what is mounted.
            'SSL_CERT_DIR': '/etc/ssl/certs:/etc/pki/tls/certs:/usr/share/ca-certificates/mozilla',
        }
        self._environment['RESTIC_REPOSITORY'] = getattr(self, '_at_' + place['kind'])(place, secret)

    # Where it is.

    def _at_folder(self, place, secret):
        return self.folder

    def _at_rest(self, place, secret):
        scheme, _, rest = place['url'].partition('://')
        if place['user'] or secret:
            quoted = [urllib.parse.quote(text, safe='') for text in (place['user'], secret)]
            rest = '%s:%s@%s' % (quoted[0], quoted[1], rest)
        return 'rest:%s://%s' % (scheme, rest)

    def _at_s3(self, place, secret):
        self._environment['AWS_ACCESS_KEY_ID'] = place['accessKeyId']
        self._environment['AWS_SECRET_ACCESS_KEY'] = secret
        if place['region']:
            self._environment['AWS_DEFAULT_REGION'] = place['region']
        parts = [place['endpoint'].rstrip('/'), place['bucket'], place['prefix'].strip('/')]
        return 's3:' + '/'.join(part for part in parts if part)

    def _at_sftp(self, place, secret):
        if not secret:
            raise Failure('repository.unreachable', 'A repository on an SFTP server needs a private key to sign in.')
        known = known_hosts(place['hostKey'])
        self._files = tempfile.mkdtemp(prefix='berth-repository-', dir='/tmp')
        key_path, known_path = os.path.join(self._files, 'key'), os.path.join(self._files, 'known_hosts')
        self._write_private(key_path, secret.replace('\r\n', '\n').rstrip('\n') + '\n')
        self._write_private(known_path, known)
        options = (
            'BatchMode=yes', 'StrictHostKeyChecking=yes', 'IdentitiesOnly=yes', 'IdentityAgent=none',
            'PreferredAuthentications=publickey', 'UserKnownHostsFile=' + known_path, 'GlobalKnownHostsFile=/dev/null',
            'HostKeyAlias=' + KNOWN_NAME, 'CheckHostIP=no', 'UpdateHostKeys=no', 'ConnectTimeout=20',
            'ServerAliveInterval=15', 'ServerAliveCountMax=4', 'ClearAllForwardings=yes', 'ControlPath=none',
        )
        self._ssh_log = os.path.join(self._files, 'log')
        words = ['ssh', '-F', '/dev/null', '-E', self._ssh_log, '-i', key_path, '-p', str(int(place['port'])), '-l', place['user']]
        words += ['-o' + option for option in options] + ['-s', '--', place['host'], 'sftp']
        self._options = ['-o', 'sftp.command=' + ' '.join(words)]
        # Its host is for show: the command knows the way. A path that begins with a slash is absolute.
        return 'sftp:%s:%s' % (KNOWN_NAME, place['path'])

    @staticmethod
    def _write_private(path, text):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, 'wb') as file:
            file.write(text.encode('utf-8'))

    def close(self):
        for path in (self._files, self._temporary):
            if path is not None:
                remove_folder(path)
        for fd in (self._temporary_fd, self._lock_fd):
            if fd is not None:
                os.close(fd)

    # What is ours in the store.

    def _own(self, name):
        """A path in the store's folder for repositories, made where the store can be written."""
        folder = os.path.join(self._store, '.restic')
        try:
            os.mkdir(folder, 0o700)
        except OSError:
            pass
        return os.path.join(folder, name)

    def store_tag(self):
        """Marks what this store put into the repository, which others may use as well."""
        path = self._own('store.json')
        known = read_json(path)
        if known is None:
            known = {'id': os.urandom(8).hex()}
            write_durably(path, known)
        return 'store-%s' % known['id']

    def hold(self, how, patience_seconds, repository_id=None):
        """
        Takes the lock in the store, or changes it. A store that cannot be written and has none is not cleaned by anybody.
        """
        if self._lock_fd is None:
            path = self._own('lock-' + (repository_id or self.id))
            for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
                try:
                    self._lock_fd = os.open(path, flags | os.O_NOFOLLOW, 0o600)
                    break
                except OSError as error:
                    if error.errno not in (errno.EROFS, errno.ENOENT, errno.EACCES):
                        raise
            if self._lock_fd is None:
                return True
        until = time.monotonic() + patience_seconds
        while True:
            try:
                fcntl.flock(self._lock_fd, how | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= until:
                    return False
                time.sleep(0.1)

    def _require(self, how, patience_seconds, repository_id=None):
        if not self.hold(how, patience_seconds, repository_id):
            raise busy()

    def share(self, repository_id=None):
        """Nobody of this store takes anything away while we hold this."""
        self._require(fcntl.LOCK_SH, SHARE_SECONDS, repository_id)

    # restic itself.

    def spawn(self, words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, writes=False):
        environment = dict(self._environment)
        if writes:
            environment['TMPDIR'] = self._temporary_folder()
        return spawn(['restic', '-q'] + self._cache() + self._options + list(words), stdin, stdout, environment)

    def _cache(self):
        # A folder is as near as a cache would be.
        path = os.path.join(self._store, '.restic-cache')
        if self.folder is None and os.access(self._store, os.W_OK):
            os.makedirs(path, mode=0o700, exist_ok=True)
            return ['--cache-dir', path]
        return ['--no-cache']

    def _temporary_folder(self):
        """restic packs in files of 16 MiB and more: on the store's disk, swept as what other dead makers left."""
        while self._temporary is None:
            path = os.path.join(self._store, '.tmp-repository-%s' % os.urandom(8).hex())
            os.mkdir(path, 0o700)
            fd = open_folder(path)
            if try_lock(fd, 1) and is_same_file(path, fd):
                self._temporary, self._temporary_fd = path, fd
            else:
                os.close(fd)
        return self._temporary

    def run(self, words, what='internal', seconds=LOOK_SECONDS, writes=False, content=None):
        """Its standard output. `what`: the code for a failure that none of the known words explains."""
        child = self.spawn(words, subprocess.DEVNULL if content is None else subprocess.PIPE, writes=writes)
        try:
            errors, output = Stderr(child), Stdout(child)
            if content is not None:
                try:
                    child.stdin.write(content)
                    child.stdin.close()
                except BrokenPipeError:
                    pass
            until = time.monotonic() + seconds
            while errors.is_alive() or output.is_alive():
                (errors if errors.is_alive() else output).join(0.05)
                if time.monotonic() > until:
                    gentle_end(child)
                    raise self.away('no answer within %d s' % seconds)
            if child.wait() != 0:
                raise self.failure(child.returncode, errors.text(), what)
            return output.text()
        finally:
            end_child(child)

    def words(self, text):
        """What restic said, for people: short, one line, and none of the secrets."""
        text = text.decode('utf-8', 'replace')
        for secret in sorted((one for one in self._secrets if one), key=len, reverse=True):
            text = text.replace(secret, '[secret]')
        lines = [line for line in text.splitlines() if line.strip() and 'returned error, retrying' not in line]
        return ' '.join(escape_name(line.encode('utf-8')) for line in lines)[-600:]

    def away(self, why):
        return Failure('repository.unreachable', 'The repository cannot be reached: %s' % (why or 'restic ended.'))

    def _ssh_words(self):
        """restic ends before it passes on what ssh said."""
        try:
            with open(self._ssh_log, 'rb') as file:
                return file.read(4096) + b'\n'
        except (OSError, TypeError):
            return b''

    def failure(self, code, text, what):
        """Exit codes 10 to 12 came with restic 0.17; before that there are only words."""
        said = self.words(self._ssh_words() + text)
        if code == 12 or _WRONG_KEY.search(said):
            return Failure('repository.wrong-key', 'The key does not fit the repository.')
        if _NO_SPACE.search(said):
            return Failure('host.disk-full', 'The disk of the repository, or the host\'s own, is full: %s' % said)
        program = _NO_PROGRAM.search(said)
        if program is not None:
            return Failure('snapshot.tools-missing', 'The host has no program %s: install the package of that name.'
                           % program.group(1), tool=program.group(1))
        if code == 11 or _LOCKED.search(said):
            return busy()
        if code == 10 or _NO_REPOSITORY.search(said):
            return Failure('repository.unreachable', 'There is no repository at that place.')
        if _AWAY.search(said) and not (what == 'snapshot.corrupt' and _LOST.search(said)):
            return self.away(said)
        if what == 'snapshot.corrupt':
            return Corrupt('The repository is damaged: %s' % said)
        return Failure(what, 'restic failed (%d): %s' % (code, said))

    # What is asked of it.

    def identify(self):
        """Proves the key. The name is the same for everybody who opens this repository from this store."""
        config = json.loads(self.run(['cat', 'config', '--no-lock']).decode('utf-8'))
        name = '%s %s' % (config['id'], self.store_tag())
        self.id = 'repo_' + hashlib.sha256(name.encode('ascii')).hexdigest()[:20]

    def begin_writing(self, snapshot_id, expected_id, needed):
        self.identify()
        if expected_id is not None and expected_id != self.id:
            raise Failure('conflict', 'At that place there is another repository now: add it again with its key.')
        if self.folder is not None:
            require_space(self.folder, needed, 8, 'The snapshot')
        if self.hold(fcntl.LOCK_EX, 0):
            self._clear_locks()
            self._forget_tries(snapshot_id)
        self.share()
        self._note_name()

    def _forget_tries(self, snapshot_id):
        """What earlier makers of the same snapshot left. While other hosts are at work, a check finds it later."""
        left = [kept.id for kept in self.snapshots().get(snapshot_id, [])]
        try:
            if left:
                self.run(['forget'] + left, writes=True)
        except Failure as failure:
            if failure.code != 'conflict':
                raise

    def begin_cleaning(self):
        """Alone in this store from here on."""
        self.identify()
        self._require(fcntl.LOCK_EX, ALONE_SECONDS)
        self._clear_locks()
        self._note_name()

    def _note_name(self):
        """Beforehand, so that the locks of this machine can be told for ours when it is no more."""
        open(os.path.join(self._names(), os.uname().nodename), 'w').close()

    def _names(self):
        folder = self._own('machines-' + self.id)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        return folder

    def _clear_locks(self):
        """
        Locks of restic that outlived their makers. restic tells so of a process of its own machine, and every helper is a
        machine of its own; but nobody else of this store is alive now, so those that this store ever made are dead.
        """
        ours = set(os.listdir(self._names()))
        locks = self.run(['list', 'locks', '--no-lock']).split()
        if locks:
            holders = {self._holder(lock.decode('ascii')) for lock in locks} - {None}
            self.run(['unlock'] + (['--remove-all'] if holders <= ours else []))
            return
        for name in ours:
            os.unlink(os.path.join(self._names(), name))

    def _holder(self, lock):
        try:
            return json.loads(self.run(['cat', 'lock', lock, '--no-lock']).decode('utf-8'))['hostname']
        except (Failure, ValueError, KeyError):
            # Gone meanwhile, most likely.
            return None

    def snapshots(self):
        """All of Berth's, by the id of the snapshot that they belong to."""
        found = json.loads(self.run(['snapshots', '--json', '--no-lock', '--host', TAG]).decode('utf-8')) or []
        groups = {}
        for one in found:
            tags = one.get('tags') or []
            for tag in tags:
                if ID_PATTERN.match(tag):
                    groups.setdefault(tag, []).append(Kept(one, tags))
        return groups

    def forget(self, ids):
        """Waits for those of other hosts who are at work on it."""
        if not ids:
            return
        until = time.monotonic() + ALONE_SECONDS
        while True:
            try:
                self.run(['forget'] + sorted(ids), seconds=LONG_SECONDS, writes=True)
                return
            except Failure as failure:
                if failure.code != 'conflict' or time.monotonic() > until:
                    raise
                time.sleep(5)

    def prune(self):
        self.run(['prune'], seconds=LONG_SECONDS, writes=True)

    def keep_manifest(self, manifest):
        """So that whoever opens the repository elsewhere learns of the snapshot."""
        words = backup_words(MANIFEST_NAME, [MANIFEST_TAG, self.store_tag(), manifest['id']])
        content = json.dumps(manifest, separators=(',', ':')).encode('ascii')
        self.run(words, writes=True, content=content, seconds=STALL_SECONDS)

    def dump(self, restic_id, name):
        return self.run(['dump', '--no-lock', restic_id, '/' + name], 'snapshot.corrupt')

    def full_id(self, short, snapshot_id):
        if RESTIC_ID.match(short):
            return short
        for kept in self.snapshots().get(snapshot_id, []):
            if kept.id.startswith(short):
                return kept.id
        raise Corrupt('What restic has just stored is not in the repository.')

    def next_part(self):
        """
        (part, parts) of the packs that a check reads: all of a small repository, else the part after the one that was read
        last, so that damage anywhere is found by the last of `parts` checks (restic's own samples are drawn by lot).
        """
        packs = len(self.run(['list', 'packs', '--no-lock']).split())
        parts = max(1, min(MOST_PARTS, -(-packs // PART_PACKS)))
        try:
            with open(self._own('part-' + self.id)) as file:
                return int(file.read(16)) % parts + 1, parts
        except (OSError, ValueError):
            return 1, parts

    def note_part(self, part):
        with open(self._own('part-' + self.id), 'w') as file:
            file.write('%d\n' % part)

    def drop_from_memory(self, since=0):
        """So that the next read of a folder comes from the disk."""
        if self.folder is None:
            return
        for folder, _, names in os.walk(os.path.join(self.folder, 'data')):
            for name in names:
                path = os.path.join(folder, name)
                try:
                    if os.stat(path).st_mtime >= since:
                        drop_from_memory(path)
                except OSError:
                    continue


class Kept:
    """One of restic's snapshots."""

    def __init__(self, told, tags):
        self.id = told['id']
        self.tags = tags
        self.is_manifest = MANIFEST_TAG in tags
        # Seconds are enough; time zones only shift what is a week.
        self.made = time.mktime(time.strptime(told['time'][:19], '%Y-%m-%dT%H:%M:%S'))


KNOWN_NAME = 'berth-repository'


def known_hosts(line):
    """The key of a line of known_hosts, under a name of our own: the line's may be hashed, or have a port, or be missing."""
    for kind, key in zip(line.split(), line.split()[1:]):
        if re.match(r'(ssh-|ecdsa-|sk-)', kind):
            return '%s %s %s\n' % (KNOWN_NAME, kind, key)
    raise Failure('repository.unreachable', 'The key of the SFTP server is not a line of known_hosts.')


def busy():
    return Failure('conflict', 'The repository is being worked on: try again when that has ended.')


def gentle_end(child):
    """restic takes its lock away on SIGINT, and on nothing else in older versions."""
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            pass
    end_child(child)


def backup_words(name, tags):
    words = ['backup', '--json', '--stdin', '--stdin-filename', name, '--host', TAG]
    for tag in tags:
        words += ['--tag', tag]
    return words


class HeldFeeder(Feeder):
    """Leaves the end of the stream to somebody who knows whether it is whole."""

    def _close(self):
        pass


class PatientFeeder(Feeder):
    """Takes a stream that stands still for too long for one that is cut."""

    is_stalled = False

    def _more(self):
        if select.select([self._fd], [], [], STALL_SECONDS)[0]:
            return os.read(self._fd, MIB)
        self.is_stalled = True
        return b''


class Backup:
    """
    A restic that waits for a tar stream: begun before the workspace is frozen, since opening a repository takes its time.
    It hears of the stream's end only when that is known to be whole; before that it is ended, and stores nothing.
    """

    def __init__(self, repository, tags):
        self.repository = repository
        self._words = backup_words(DATA_NAME, tags)

    def __enter__(self):
        into, self.sink = wide_pipe()
        try:
            self._restic = self.repository.spawn(self._words, into, writes=True)
        finally:
            os.close(into)
        self._errors, self._output = Stderr(self._restic), Stdout(self._restic)
        return self

    def __exit__(self, kind, *_):
        gentle_end(self._restic)
        self._close_sink()

    def _close_sink(self):
        if self.sink is not None:
            os.close(self.sink)
            self.sink = None

    def finish(self, on_wait):
        """What restic says of it."""
        self._close_sink()
        until = time.monotonic() + STALL_SECONDS
        while self._output.is_alive():
            self._output.join(0.1)
            on_wait()
            if time.monotonic() > until:
                raise self.repository.away('it took no more for %d s' % STALL_SECONDS)
        if self._restic.wait() != 0:
            raise self.failure()
        for line in self._output.text().splitlines():
            said = json.loads(line.decode('utf-8')) if line.startswith(b'{') else {}
            if said.get('message_type') == 'summary':
                return said
        raise Failure('internal', 'restic did not say what it stored.')

    def failure(self):
        self._restic.wait()
        return self.repository.failure(self._restic.returncode, self._errors.text(), 'internal')


def write_to_repository(args, making, scan, freeze, backup):
    """tar | restic. The bytes pass through here, to be digested and counted."""
    progress = Progress('archive', scan.tar_bytes)
    began = time.time()
    out, into = wide_pipe()
    tar = spawn(tar_create(args.source), stdout=into)
    os.close(into)
    feeder = HeldFeeder(out, backup.sink)
    feeder.start()
    try:
        complaints = TarComplaints(tar)
        tar_bytes = None
        moved, moved_at = 0, time.monotonic()
        while complaints.is_alive():
            complaints.join(0.1)
            progress.report(bytes=feeder.bytes)
            if feeder.bytes != moved:
                moved, moved_at = feeder.bytes, time.monotonic()
            if time.monotonic() - moved_at > STALL_SECONDS:
                raise backup.repository.away('it took no more for %d s' % STALL_SECONDS)
            if feeder.is_broken:
                raise backup.failure()
        tar_bytes = archive_bytes_of(tar, complaints)
        end_child(tar)
        write_durably(making.path('thaw'), {})
        judge_tar(tar, complaints, freeze)
        while feeder.is_alive():
            feeder.join(0.1)
            progress.report(bytes=feeder.bytes)
        if feeder.is_broken:
            raise backup.failure()
        if feeder.error or tar_bytes not in (None, feeder.bytes):
            raise Corrupt('tar wrote %s bytes, but %d came to restic.' % (tar_bytes, feeder.bytes))
        summary = backup.finish(lambda: progress.report(bytes=feeder.bytes))
    finally:
        # The feeder may be waiting for either of them.
        end_child(tar)
        if feeder.is_alive():
            end_children()
        feeder.join()
        os.close(out)
    return {
        'tarBytes': feeder.bytes,
        'sha256': feeder.hexdigest(),
        'added': summary.get('data_added_packed', summary['data_added']),
        'restic': backup.repository.full_id(summary['snapshot_id'], args.id),
        'began': began,
        'isChanged': tar.returncode == 1 or bool(complaints.changed),
        'sockets': complaints.sockets,
    }


def check_kept(making, made, repository):
    """Reads the stream back from the repository and lists it."""
    repository.drop_from_memory(made['began'] - 1)
    place = {'id': repository.id, 'snapshot': made['restic']}
    listed = check_stream(making, Dumped(repository, place), made['tarBytes'], made['tarBytes'])
    if listed['archive']['sha256'] != made['sha256']:
        raise Corrupt('What came back from the repository is not what was stored in it.')
    listed['archive'] = {'sha256': made['sha256'], 'bytes': made['added']}
    listed['repository'] = place
    return listed


class Dumped:
    """A tar stream out of a repository, to be used as Decompressed is; the digest is that of the stream."""

    def __init__(self, repository, place, sink=None):
        self._repository = repository
        self._place = place
        self._sink = sink
        self.fd = None

    def __enter__(self):
        self._repository.share(self._place['id'])
        # Reading leaves no lock behind, whatever happens to us; what is taken away meanwhile shows as a failure.
        words = ['dump', '--no-lock', self._place['snapshot'], '/' + DATA_NAME]
        self._restic = self._repository.spawn(words)
        widen(self._restic.stdout.fileno())
        self._stderr = Stderr(self._restic)
        if self._sink is None:
            self.fd, sink = wide_pipe()
        else:
            sink = os.dup(self._sink)
        self._feeder = PatientFeeder(self._restic.stdout.fileno(), sink)
        self._feeder.start()
        return self

    def __exit__(self, *_):
        self._close_fd()
        end_child(self._restic)
        self._feeder.join()
        self._restic.stdout.close()

    def _close_fd(self):
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None

    @property
    def fed(self):
        return self._feeder.bytes

    def explain(self, failure):
        """Why the stream is not a tar archive: restic knows better when it failed itself."""
        self._close_fd()
        self._feeder.join()
        if self._feeder.is_broken:
            return failure
        return self._failure() or failure

    def is_cut_short(self):
        self._feeder.join()
        return self._feeder.is_broken

    def abandon(self):
        end_child(self._restic)

    def _failure(self):
        """Why restic did not send all; None when it did."""
        self._feeder.join()
        if self._feeder.is_stalled:
            end_child(self._restic)
            return self._repository.away('nothing came for %d s' % STALL_SECONDS)
        if self._feeder.error:
            return self._repository.away(self._feeder.error.strerror)
        if self._restic.wait() == 0:
            return None
        return self._repository.failure(self._restic.returncode, self._stderr.text(), 'snapshot.corrupt')

    def finish(self):
        failure = self._failure()
        if failure is not None:
            raise failure
        return {'sha256': self._feeder.hexdigest(), 'bytes': self._feeder.bytes}


def remove_kept(store, ids):
    """
    Hidden first, then forgotten: killed in between, none is listed that cannot be read, and what is left in the repository
    is found by its tag by the same removal or the next check. Where restic fails, those that it still has are shown again.
    """
    repository = store.repository
    repository.begin_cleaning()
    groups = repository.snapshots()
    hidden = [snapshot_id for snapshot_id in ids if hide(store, snapshot_id)]
    try:
        repository.forget(kept.id for snapshot_id in ids for kept in groups.get(snapshot_id, []))
    except Failure:
        show_again(store, hidden)
        raise
    for snapshot_id in hidden:
        remove_doomed(store.path('.del-' + snapshot_id))
    try:
        repository.prune()
    except Failure as failure:
        say('warning', message='The space in the repository is not free yet: %s' % failure.message)


def show_again(store, hidden):
    try:
        groups = store.repository.snapshots()
    except Failure:
        return
    for snapshot_id in hidden:
        if any(not kept.is_manifest for kept in groups.get(snapshot_id, [])):
            os.rename(store.path('.del-' + snapshot_id), store.path(snapshot_id))
    sync_folder(store.folder)


def repository_command(args):
    """Makes a repository, opens one with the snapshots that are in it, or checks it."""
    store = store_of(args, may_create=True)
    repository = store.repository
    if repository is None:
        raise Failure('internal', 'The arguments are wrong: no --repository.')
    required_tools(repository)
    {'make': make_repository, 'open': open_repository, 'check': check_repository}[args.what](store, repository)
    say('repository', id=repository.id)


def make_repository(store, repository):
    if repository.folder is not None:
        os.makedirs(repository.folder, mode=0o700, exist_ok=True)
        if os.path.exists(os.path.join(repository.folder, 'config')):
            raise Failure('conflict', 'There is a repository already: add it with its key.')
        if os.listdir(repository.folder):
            raise Failure('conflict', 'The folder for the repository is not empty: choose another one.')
    try:
        repository.run(['init'], 'repository.unreachable')
    except Failure as failure:
        if _THERE_ALREADY.search(failure.message):
            raise Failure('conflict', 'There is a repository already: add it with its key.') from None
        raise
    repository.identify()


def open_repository(store, repository):
    repository.identify()
    repository.share()
    for snapshot_id, group in sorted(repository.snapshots().items()):
        if os.path.isdir(store.path(snapshot_id)):
            continue
        try:
            adopt_kept(store, repository, snapshot_id, group)
        except Corrupt as failure:
            # One damaged snapshot does not keep the others from being opened.
            say('warning', message='The snapshot %s in the repository is damaged: %s' % (snapshot_id, failure.message))


def adopt_kept(store, repository, snapshot_id, group):
    """Publishes a snapshot of which this store knows nothing, if all of it is there."""
    data = {kept.id for kept in group if not kept.is_manifest}
    for kept in group:
        if not kept.is_manifest:
            continue
        try:
            manifest = json.loads(repository.dump(kept.id, MANIFEST_NAME).decode('utf-8'))
            place = {'id': repository.id, 'snapshot': manifest['repository']['snapshot']}
            is_ours = manifest['format'] == 1 and manifest['id'] == snapshot_id and place['snapshot'] in data
            expected = {key: manifest[key] for key in ('entries', 'tarBytes')}
            sha256 = manifest['archive']['sha256']
            manifest['about']['repositoryId'] = repository.id
        except (ValueError, KeyError, TypeError):
            raise Corrupt('its manifest cannot be read.')
        if not is_ours:
            continue
        with Making(store, snapshot_id) as making:
            listed = check_stream(making, Dumped(repository, place), manifest['tarBytes'], manifest['tarBytes'])
            if listed['archive']['sha256'] != sha256 or {key: listed[key] for key in expected} != expected:
                raise Corrupt('it is not what its manifest says.')
            manifest['repository'] = place
            making.publish(manifest)
        return


def check_repository(store, repository):
    repository.begin_cleaning()
    part, parts = repository.next_part()
    read = '--read-data' if parts == 1 else '--read-data-subset=%d/%d' % (part, parts)
    repository.run(['check', read], 'snapshot.corrupt', seconds=LONG_SECONDS, writes=True)
    repository.note_part(part)
    unpublished = unpublished_ids(store, repository)
    if unpublished:
        repository.forget(unpublished)
        repository.prune()
    say('checked', forgotten=len(unpublished))


def unpublished_ids(store, repository):
    """
    What makers left that died before their snapshot came into being. Of this store's own all that it does not list; of
    others' what has no manifest for a week, since they may be at work on it, and their snapshots are not listed here.
    """
    own, now = repository.store_tag(), time.time()
    found = []
    for snapshot_id, group in repository.snapshots().items():
        if os.path.isdir(store.path(snapshot_id)):
            try:
                published = store.snapshot(snapshot_id).manifest().get('repository')
            except Corrupt:
                continue
            found += [kept.id for kept in group if own in kept.tags and not kept.is_manifest
                      and published is not None and kept.id != published['snapshot']]
            continue
        has_manifest = any(kept.is_manifest for kept in group)
        for kept in group:
            if own in kept.tags or not has_manifest and now - kept.made > ABANDONED_SECONDS:
                found.append(kept.id)
    return found


# ---- export and import -----------------------------------------------------------------------------------------------

# One of the sixteen magic numbers of skippable frames (RFC 8878 3.1.2): every zstd passes over it.
FRAME_MAGIC = 0x184D2A5B
FRAME_MARK = b'BERTHSNP'
MAX_FRAME_BYTES = MIB
ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'


def manifest_frame(manifest):
    content = manifest + struct.pack('<Q', len(manifest)) + FRAME_MARK
    return struct.pack('<II', FRAME_MAGIC, len(content)) + content


def export(args):
    """One file that any zstd and tar can open, and that Berth knows again: the archive and, after it, the manifest."""
    snapshot, manifest = store_of(args).get(args.id)
    if manifest.get('repository') is not None:
        export_kept(args, snapshot, manifest)
        return
    frame = b''
    if not args.plain:
        with open(snapshot.manifest_path, 'rb') as file:
            frame = manifest_frame(file.read())
    with open(snapshot.data, 'rb') as file:
        size = os.fstat(file.fileno()).st_size
        total = size + len(frame)
        begin = getattr(args, 'from')
        if not 0 <= begin <= total:
            raise Failure('conflict', 'The export has %d bytes and cannot go on at %d.' % (total, begin))
        say('export', bytes=total - begin, total=total, name=args.id + '.tar.zst')
        file.seek(min(begin, size))
        shutil.copyfileobj(file, RawOutput(), MIB)
        RawOutput.write(frame[max(begin - size, 0):])


def export_kept(args, snapshot, manifest):
    """The same file from a repository. How long it is shows at its end, and so does what the manifest must say of it."""
    if getattr(args, 'from') != 0:
        raise Failure('conflict', 'The export of a snapshot in a repository cannot go on in the middle.')
    into, sink = wide_pipe()
    try:
        zstd = spawn(['zstd', '-q', '-3', '-T0', '--check', '-c'], stdin=into, stdout=subprocess.PIPE)
    finally:
        os.close(into)
    errors = Stderr(zstd)
    digest, size = hashlib.sha256(), 0
    with snapshot.stream(manifest, sink=sink) as stream:
        os.close(sink)
        say('export', bytes=None, total=None, name=args.id + '.tar.zst')
        while True:
            data = os.read(zstd.stdout.fileno(), MIB)
            if not data:
                break
            digest.update(data)
            size += len(data)
            RawOutput.write(data)
        if zstd.wait() != 0:
            raise Failure('internal', 'zstd failed (%d): %s' % (zstd.returncode, errors.words()))
        require_same_archive(stream.finish(), manifest)
    end_child(zstd)
    if args.plain:
        return
    told = dict(manifest, archive={'sha256': digest.hexdigest(), 'bytes': size})
    told['about'] = dict(manifest['about'], repositoryId=None)
    del told['repository']
    RawOutput.write(manifest_frame(json.dumps(told, separators=(',', ':')).encode('ascii')))


def import_snapshot(args):
    """Takes a file from elsewhere, trusting nothing in it, and publishes it like one of our own."""
    store = Store(args.store, may_create=True)
    published = store.published(args.id)
    if published is not None:
        say('have', bytes=args.bytes)
        say('published', manifest=published)
        return
    about = parse_object(args.about, '--about')
    expected = parse_object(args.expect_manifest, '--expect-manifest') if args.expect_manifest else None
    used = required_tools()
    with Making(store, args.id, may_adopt=True) as making:
        kept = adopt(making, args.bytes)
        require_space(store.folder, args.bytes - kept, 8, 'The import')
        say('have', bytes=kept)
        receive(making, args.bytes, kept)
        original = take_frame(making.parts.data)
        require_zstd(making.parts.data)
        listed = check_archive(making, None, import_policy(args, store, expected))
        for manifest in (expected, original):
            if manifest is not None:
                require_expected(listed, manifest)
        if original is not None:
            about = dict(about, original=original)
        if args.take_about:
            about.update(about_of(original))
        manifest = {
            'format': 1,
            'id': args.id,
            'about': about,
            'createdAt': utc_now(),
            'allocatedBytes': listed['tarBytes'],
            'isChangedWhileRead': False,
            'socketsIgnored': 0,
            'freeze': None,
            'tools': {'tar': used['tar'], 'zstd': used['zstd']},
            # What Berth copies between its own hosts was compared with the manifest that it came with.
            'isImported': expected is None,
        }
        manifest.update(listed)
        if expected is not None and args.as_expected:
            # One that comes back is the one that went: when it was made and how is not what it was carried by.
            for key in ('createdAt', 'allocatedBytes', 'isChangedWhileRead', 'socketsIgnored', 'freeze', 'isImported'):
                if key in expected:
                    manifest[key] = expected[key]
        making.publish(manifest)


def about_of(original):
    """What a file that Berth exported says of the workspace that it is of; nobody else's file says it."""
    about = original.get('about') if isinstance(original, dict) else None
    if not isinstance(about, dict) or not isinstance(about.get('definition'), dict):
        raise Failure(
            'invalid-input',
            'Not valid: image: must be given, for the archive was not exported by Berth.',
            fields=['image: must be given, for the archive was not exported by Berth'])
    return {key: about[key] for key in ('definition', 'imageDigest', 'workspaceName') if key in about}


def adopt(making, size):
    """How much an earlier try of the same import left. Anything else that is there goes."""
    try:
        state = read_json(making.path('import.json'))
        kept = os.stat(making.parts.data).st_size
        if state == {'bytes': size} and kept <= size:
            return kept
    except (OSError, ValueError):
        pass
    for name in os.listdir(making.folder):
        if name != 'lock':
            os.unlink(making.path(name))
    write_durably(making.path('import.json'), {'bytes': size})
    return 0


def receive(making, size, kept):
    progress = Progress('receive', size)
    fd = os.open(making.parts.data, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        while kept < size:
            data = os.read(0, min(MIB, size - kept))
            if not data:
                making.is_kept = True
                raise Failure('connection-lost', 'The import was cut off after %s of %s: start it again to go on.'
                              % (size_text(kept), size_text(size)), bytes=kept)
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view):]
            kept += len(data)
            progress.report(bytes=kept)
    finally:
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def take_frame(path):
    """Takes Berth's own frame off the end and returns its manifest; None when there is none."""
    with open(path, 'r+b') as file:
        size = file.seek(0, os.SEEK_END)
        if size < 24:
            return None
        file.seek(size - 16)
        tail = file.read(16)
        length = struct.unpack('<Q', tail[:8])[0]
        start = size - 16 - length - 8
        if tail[8:] != FRAME_MARK or length > MAX_FRAME_BYTES or start < 0:
            return None
        file.seek(start)
        if file.read(8) != struct.pack('<II', FRAME_MAGIC, length + 16):
            return None
        try:
            manifest = json.loads(file.read(length).decode('utf-8'))
        except ValueError:
            manifest = None
        if not isinstance(manifest, dict):
            raise Corrupt('The manifest at the end of the file is damaged.')
        file.truncate(start)
        file.flush()
        os.fsync(file.fileno())
        return manifest


_OTHER_FORMATS = (
    (0, b'\x1f\x8b', 'a gzip file'), (0, b'\xfd7zXZ\0', 'an xz file'), (0, b'BZh', 'a bzip2 file'),
    (0, b'PK\x03\x04', 'a zip file'), (257, b'ustar', 'a tar archive that is not compressed'),
)


def require_zstd(path):
    with open(path, 'rb') as file:
        head = file.read(BLOCK)
    is_skippable = head[1:4] == b'\x2a\x4d\x18' and 0x50 <= head[0] <= 0x5f
    if head[:4] == ZSTD_MAGIC or is_skippable:
        return
    for at, magic, what in _OTHER_FORMATS:
        if head[at:].startswith(magic):
            raise Failure('snapshot.unsafe-archive',
                          'This is %s: pack it as .tar.zst (tar --zstd -cf) and import that.' % what)
    raise Failure('snapshot.unsafe-archive', 'This is not a .tar.zst file.')


def require_expected(listed, manifest):
    """A manifest that came along says what must have arrived."""
    try:
        wanted = (manifest['archive']['sha256'], manifest['archive']['bytes'], manifest['entries']['sha256'])
    except (KeyError, TypeError):
        raise Corrupt('The manifest that came with the archive lacks something.')
    if wanted != (listed['archive']['sha256'], listed['archive']['bytes'], listed['entries']['sha256']):
        raise Corrupt('The archive that arrived is not the one that its manifest names.')


def import_policy(args, store, expected):
    room = os.statvfs(store.folder)
    most = args.max_bytes
    if most is None:
        most = max(room.f_bavail * room.f_frsize - SPACE_MARGIN, 0)
    return ImportPolicy(args.max_entries, most, expected is not None)


class ImportPolicy:
    """
    What an archive from elsewhere may hold. Paths are remembered as their 64-bit hash (SipHash with a key of this
    process, which no archive can know): a tenth of the memory of the paths themselves.
    """

    MAX_PATH = 32 * 1024

    def __init__(self, max_entries, max_bytes, is_own):
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._is_own = is_own
        self._kinds = {}
        self._count = 0
        self._bytes = 0
        self._last_parent = b'.'

    @staticmethod
    def _refuse(member, why):
        raise Failure('snapshot.unsafe-archive', 'The archive is refused: "%s" %s.'
                      % (escape_name(member.path[:1000]), why), path=escape_name(member.path[:1000]))

    def check(self, member, consumed):
        """Before the content is read, so that a bomb is never unpacked."""
        self._check_amount(member, consumed)
        path, kind = member.path, member.kind
        if len(path) > self.MAX_PATH or len(member.link) > self.MAX_PATH:
            self._refuse(member, 'has a name that is too long')
        self._check_name(member, path, 'leads out of the folder')
        if kind in 'cb' and not self._is_own:
            self._refuse(member, 'is a device node')
        if path == b'.':
            if kind != 'd':
                self._refuse(member, 'is in the place of the folder itself')
            return
        self._check_parents(member)
        if kind == 'h':
            self._check_link(member)
        if self._kinds.setdefault(hash(path), kind) != kind:
            self._refuse(member, 'is there twice, as different things')

    def _check_amount(self, member, consumed):
        self._count += 1
        if member.kind == 'f':
            self._bytes += member.size
        if self._count > self._max_entries:
            self._refuse(member, 'is one more than the %d entries that are allowed' % self._max_entries)
        if max(self._bytes, consumed) > self._max_bytes:
            self._refuse(member, 'would make it larger than the %s that are allowed' % size_text(self._max_bytes))

    def _check_name(self, member, path, why):
        if path.startswith(b'/') or b'..' in path and b'..' in path.split(b'/'):
            self._refuse(member, why)

    def _check_parents(self, member):
        parent = member.path.rpartition(b'/')[0] or b'.'
        if parent == self._last_parent:
            return
        at = parent
        while at != b'.':
            if self._kinds.setdefault(hash(at), 'd') != 'd':
                self._refuse(member, 'is below something that is not a folder')
            at = at.rpartition(b'/')[0] or b'.'
        self._last_parent = parent

    def _check_link(self, member):
        self._check_name(member, member.link, 'is a link that leads out of the folder')
        kind = self._kinds.get(hash(member.link))
        if kind not in ('f', 'h') and not (self._is_own and kind in ('l', 'p', 'c', 'b')):
            self._refuse(member, 'is a link to what is not an earlier file')


# ---- guard -----------------------------------------------------------------------------------------------------------


class EngineAway(Exception):
    """The container engine does not answer now."""


class Engine:
    """The container engine on its Unix socket, one short connection for each request."""

    def __init__(self, socket_path):
        self._socket_path = socket_path

    def request(self, method, path, body=None, timeout=60):
        """(status, body as bytes). The newest API that the engine has: the few calls here are the same in all."""
        import http.client
        import socket

        connection = http.client.HTTPConnection('localhost', timeout=timeout)
        try:
            connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.sock.settimeout(timeout)
            connection.sock.connect(self._socket_path)
            headers = {'Content-Type': 'application/json', 'Connection': 'close'}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise EngineAway(str(error))
        finally:
            connection.close()

    def stream(self, method, path, body=None, timeout=600):
        """
        (status, response to be read and closed) of a call whose content is too large for the memory. `body`: its pieces.
        What a piece cannot be had for ends the connection, so that the engine takes none of it for whole.
        """
        import http.client
        import socket

        connection = http.client.HTTPConnection('localhost', timeout=timeout)
        try:
            connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.sock.settimeout(timeout)
            connection.sock.connect(self._socket_path)
            headers = {'Connection': 'close'}
            if body is not None:
                headers.update({'Content-Type': 'application/x-tar', 'Transfer-Encoding': 'chunked'})
            connection.request(method, path, body, headers, encode_chunked=body is not None)
            response = connection.getresponse()
            return response.status, response
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise EngineAway(str(error))
        except BaseException:
            connection.close()
            raise

    def state(self, container):
        """The State of a container; None when it is not there."""
        status, body = self.request('GET', '/containers/%s/json' % container)
        if status == 404:
            return None
        if status != 200:
            raise EngineAway('status %d' % status)
        return json.loads(body.decode('utf-8'))['State']

    def run(self, container, command, timeout):
        """(exit code, the last 2 KiB of output) of a command in the container."""
        spec = {'AttachStdout': True, 'AttachStderr': True, 'Cmd': ['/bin/sh', '-c', command]}
        status, body = self.request('POST', '/containers/%s/exec' % container, spec)
        if status != 201:
            return None, engine_message(body)
        exec_id = json.loads(body.decode('utf-8'))['Id']
        status, output = self.request('POST', '/exec/%s/start' % exec_id, {'Detach': False, 'Tty': False}, timeout)
        if status not in (200, 101):
            return None, engine_message(output)
        _, body = self.request('GET', '/exec/%s/json' % exec_id)
        code = json.loads(body.decode('utf-8')).get('ExitCode')
        return code, without_frames(output)[-2048:].decode('utf-8', 'replace')


def engine_message(body):
    try:
        return str(json.loads(body.decode('utf-8'))['message'])
    except (ValueError, KeyError, TypeError):
        return body[:500].decode('utf-8', 'replace')


def engine_failure(what, said):
    """What the engine refused, with its own words; a full disk is told as one, whoever noticed it."""
    is_full = _FULL.search(said.encode('utf-8', 'replace')) is not None
    return Failure('host.disk-full' if is_full else 'engine.failed', '%s: %s' % (what, said))


def without_frames(output):
    """The engine multiplexes: 1 byte stream, 3 zeros, 4 bytes length, big endian."""
    pieces = []
    at = 0
    while at + 8 <= len(output):
        length = struct.unpack('>I', output[at + 4:at + 8])[0]
        pieces.append(output[at + 8:at + 8 + length])
        at += 8 + length
    return b''.join(pieces)


class Guard:
    """
    Freezes a workspace for as long as its files are read, and thaws it whatever happens: to the maker of the snapshot
    (whose lock falls when it dies), to the engine (asked again until it answers), to us (SIGTERM). A container that was
    paused or not running before is left alone.
    """

    SEEN_SECONDS = 120
    ENGINE_SECONDS = 60
    THAW_SECONDS = 600
    HOOK_SECONDS = 100

    def __init__(self, args):
        self._args = args
        self._engine = Engine(args.socket)
        self._folder = os.path.join(os.path.abspath(args.store), '.tmp-' + args.id)
        self._is_frozen_by_us = False
        self._is_hook_due = False
        self._frozen_at = None

    def run(self):
        if not self._wait_for_ready():
            say('unused')
            return
        try:
            try:
                if self._freeze():
                    self._wait_for_thaw()
            finally:
                ignore_stops()
                self._thaw()
        except Cancelled:
            # It came between two lines of the above. It comes only once.
            self._thaw()
            raise

    # What the maker does shows in its folder.

    def _has(self, name):
        return os.path.exists(os.path.join(self._folder, name))

    def _is_maker_alive(self):
        try:
            fd = os.open(os.path.join(self._folder, 'lock'), os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
        finally:
            os.close(fd)

    def _write(self, name, value):
        try:
            write_durably(os.path.join(self._folder, name), value)
        except FileNotFoundError:
            # The maker is gone or done.
            pass

    def _wait_for_ready(self):
        """False: there is nothing to freeze for. A folder that a dead maker left does not count as seen."""
        until = time.monotonic() + self.SEEN_SECONDS
        was_seen, gone = False, 0
        while True:
            if self._is_maker_alive():
                was_seen, gone = True, 0
                if self._has('ready'):
                    return True
            elif was_seen:
                gone += 1
                if gone >= 2:
                    return False
            elif time.monotonic() >= until:
                return False
            time.sleep(0.01 if gone == 0 else 0.1)

    def _wait_for_thaw(self):
        rounds = 0
        while not self._has('thaw'):
            rounds += 1
            if rounds % 5 == 0 and not self._is_maker_alive():
                return
            time.sleep(0.01)

    # What is done to the container.

    def _patiently(self, seconds, attempt):
        """The outcome of an attempt, made again while the engine is away."""
        until = time.monotonic() + seconds
        while True:
            try:
                return attempt()
            except EngineAway as error:
                if time.monotonic() >= until:
                    raise Failure('engine.unreachable', 'The container engine does not answer: %s.' % error)
                time.sleep(0.25)

    def _refuse(self, code, message):
        self._write('refused', {'code': code, 'message': message})
        say('refused', code=code, message=message)
        return False

    def _freeze(self):
        """True when the maker may read."""
        try:
            state = self._patiently(self.ENGINE_SECONDS, lambda: self._engine.state(self._args.container))
            if state is None:
                return self._refuse('not-found', 'The container of the workspace is not there any more.')
            is_running = bool(state.get('Running')) and not state.get('Paused')
            if is_running and not self._run_before():
                return False
            if is_running and self._args.how != 'live':
                refusal = self._stop_time()
                if refusal is not None:
                    return self._refuse(refusal.code, refusal.message)
        except Failure as failure:
            return self._refuse(failure.code, failure.message)
        self._frozen_at = time.monotonic()
        found = 'running' if is_running else 'paused' if state.get('Paused') else 'stopped'
        frozen = {'how': self._args.how, 'at': utc_now(), 'found': found}
        self._write('frozen', frozen)
        say('frozen', **frozen)
        return True

    def _run_before(self):
        self._is_hook_due = True
        if not self._args.before:
            return True
        code, output = self._run_hook('before', self._args.before)
        if code == 0:
            return True
        end = 'could not be run' if code is None else 'ended with %d' % code
        return self._refuse('snapshot.hook-failed', 'The command before the snapshot %s: %s' % (end, output[-500:].strip()))

    def _run_hook(self, which, command):
        try:
            code, output = self._engine.run(self._args.container, command, self.HOOK_SECONDS)
        except EngineAway as error:
            code, output = None, 'no end within %d s, or the engine went away (%s)' % (self.HOOK_SECONDS, error)
        say('hook', which=which, exitCode=code, output=output)
        return code, output

    def _stop_time(self):
        """Pauses or stops. None, or why it could not be. From the first request on it is ours to undo."""
        self._is_frozen_by_us = True

        def attempt():
            container = self._args.container
            if self._args.how == 'pause':
                status, body = self._engine.request('POST', '/containers/%s/pause' % container)
            else:
                path = '/containers/%s/stop?t=%d' % (container, self._args.grace)
                status, body = self._engine.request('POST', path, timeout=self._args.grace + 60)
            if status < 400 or self._is_as_frozen():
                return None
            verb = 'paused' if self._args.how == 'pause' else 'stopped'
            return engine_failure('The workspace could not be %s' % verb, engine_message(body))

        return self._patiently(self.ENGINE_SECONDS, attempt)

    def _is_as_frozen(self):
        state = self._engine.state(self._args.container)
        return state is not None and (
            bool(state.get('Paused')) if self._args.how == 'pause' else not state.get('Running'))

    def _thaw(self):
        """Once; nothing of it is left out because another part failed."""
        frozen_at, self._frozen_at = self._frozen_at, None
        try:
            if self._is_frozen_by_us:
                self._patiently(self.THAW_SECONDS, self._try_thaw)
        finally:
            self._is_frozen_by_us = False
            if frozen_at is not None:
                frozen_ms = 0 if self._args.how == 'live' else int((time.monotonic() - frozen_at) * 1000)
                self._write('thawed', {'frozenMs': frozen_ms})
                say('thawed', frozenMs=frozen_ms)
            if self._is_hook_due:
                self._is_hook_due = False
                if self._args.after:
                    self._run_hook('after', self._args.after)

    def _try_thaw(self):
        state = self._engine.state(self._args.container)
        if state is None:
            return
        if self._args.how == 'pause':
            is_done, verb = not state.get('Paused'), 'unpause'
        else:
            is_done, verb = bool(state.get('Running')), 'start'
        if is_done:
            return
        status, body = self._engine.request('POST', '/containers/%s/%s' % (self._args.container, verb))
        if status >= 400:
            raise EngineAway(engine_message(body))


def guard(args):
    """Freezes the workspace while another of our kind reads its files."""
    if not re.match(r'[A-Za-z0-9][A-Za-z0-9_.-]*\Z', args.container):
        raise Failure('not-found', 'That is not the name of a container.')
    Guard(args).run()


# ---- what travels beside files: images, and lists of snapshots in repositories --------------------------------------


# Seconds that the engine may say nothing while it reads or writes layers.
ENGINE_QUIET_SECONDS = 1800
# A line of its answer to a load; beyond that it is no answer.
MAX_ANSWER_BYTES = MIB


def keep_images(args):
    """Keeps images of the engine as an archive like any other snapshot's: what `docker save` gives, shared layers once."""
    wanted = '&'.join('names=' + urllib.parse.quote(name, safe='') for name in args.image)
    keep_stream(args, args.bytes, 'The images', lambda: image_pieces(Engine(args.socket), wanted))


def image_pieces(engine, wanted):
    import http.client

    try:
        status, response = engine.stream('GET', '/images/get?' + wanted, timeout=ENGINE_QUIET_SECONDS)
        with contextlib.closing(response):
            if status == 404:
                raise Failure('image.not-found', 'An image is not there any more: %s' % engine_message(response.read(MIB)))
            if status != 200:
                raise engine_failure('The engine did not give the images', engine_message(response.read(MIB)))
            while True:
                data = response.read(MIB)
                if not data:
                    return
                yield data
    except (EngineAway, OSError, http.client.HTTPException) as error:
        raise Failure('engine.unreachable', 'The container engine broke off while it gave the images: %s.' % error)


def keep_lists(args):
    """Keeps what this store knows of snapshots in repositories, whose content is there and not here."""
    store = Store(args.store)
    for snapshot_id in args.list:
        check_id(snapshot_id)
        if store.get(snapshot_id)[1].get('repository') is None:
            raise Failure('conflict', 'The snapshot %s is not in a repository.' % snapshot_id)
    words = ['tar', '--format=posix', '-cf', '-', '-C', store.folder, '--', STORE_TAG_FILE] + args.list
    if not os.path.exists(store.path(STORE_TAG_FILE)):
        words.remove(STORE_TAG_FILE)
    keep_stream(args, 0, 'The lists', lambda: tar_pieces(words))


STORE_TAG_FILE = '.restic/store.json'


def tar_pieces(words):
    tar = spawn(words, stdout=subprocess.PIPE)
    errors = Stderr(tar)
    while True:
        data = os.read(tar.stdout.fileno(), MIB)
        if not data:
            break
        yield data
    if tar.wait() != 0:
        raise Failure('internal', 'The lists could not be read whole: %s' % errors.words())
    end_child(tar)


def keep_stream(args, expected_bytes, what, pieces_of):
    """Archives a tar stream, checks the archive and publishes it."""
    store = store_of(args, may_create=True)
    manifest = store.published(args.id)
    if manifest is not None:
        say('published', manifest=manifest)
        return
    about = parse_object(args.about, '--about')
    tools = required_tools()
    with Making(store, args.id) as making:
        # What is packed already may shrink no further; layers commonly come to less than half.
        require_space(store.folder, expected_bytes // 2, 8, what)
        tar_bytes = write_pieces(making, expected_bytes, what, pieces_of())
        listed = check_archive(making, tar_bytes)
        manifest = {
            'format': 1,
            'id': args.id,
            'about': about,
            'createdAt': utc_now(),
            'allocatedBytes': tar_bytes,
            'isChangedWhileRead': False,
            'socketsIgnored': 0,
            'freeze': None,
            'tools': {name: tools[name] for name in ('tar', 'zstd')},
        }
        manifest.update(listed)
        making.publish(manifest)


def write_pieces(making, expected_bytes, what, pieces):
    """Compresses them into the archive. How many bytes they were."""
    progress = Progress('archive', expected_bytes or None)
    out = os.open(making.parts.data, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        into, sink = wide_pipe()
        zstd = spawn(['zstd', '-q', '-3', '-T0', '--check', '-c'], stdin=into, stdout=out)
        os.close(into)
        errors = Stderr(zstd)
        count = 0
        try:
            for data in pieces:
                view = memoryview(data)
                while view:
                    view = view[os.write(sink, view):]
                count += len(data)
                progress.report(bytes=count, written=os.fstat(out).st_size)
        except BrokenPipeError:
            # zstd knows why.
            pass
        finally:
            os.close(sink)
        if zstd.wait() != 0:
            if _FULL.search(errors.text()):
                raise disk_full(making.folder, what)
            raise Failure('internal', 'zstd failed (%d): %s' % (zstd.returncode, errors.words()))
        end_child(zstd)
        os.fsync(out)
        # So that the check reads the disk, and not what memory still holds of it.
        os.posix_fadvise(out, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(out)
    return count


def load_images(args):
    """Gives the images of an archive to the engine. It is not told the end of what is not what the manifest says."""
    import http.client

    snapshot, manifest = Store(args.store).get(args.id)
    progress = Progress('load', manifest['archive']['bytes'])

    def pieces(stream):
        while True:
            data = os.read(stream.fd, MIB)
            if not data:
                break
            progress.report(bytes=stream.fed)
            yield data
        require_same_archive(stream.finish(), manifest)

    try:
        with Decompressed(snapshot.data) as stream:
            status, response = Engine(args.socket).stream(
                'POST', '/images/load?quiet=1', pieces(stream), timeout=ENGINE_QUIET_SECONDS)
            with contextlib.closing(response):
                answer = response.read(MAX_ANSWER_BYTES)
    except (EngineAway, OSError, http.client.HTTPException) as error:
        raise Failure('engine.unreachable', 'The container engine broke off while it took the images: %s.' % error)
    problem = engine_message(answer) if status >= 400 else load_problem(answer)
    if problem is not None:
        raise engine_failure('The engine did not take the images', problem)
    say('loaded', bytes=manifest['tarBytes'])


def load_problem(answer):
    """The engine says 200 before it has read the archive: a failure is one of the lines after that."""
    for line in answer.splitlines():
        try:
            told = json.loads(line.decode('utf-8'))
        except ValueError:
            continue
        if isinstance(told, dict) and told.get('error'):
            return str(told['error'])[:500]
    return None


def take_lists(args):
    """Lists again what an archive of lists holds. What is here already stays as it is."""
    store = Store(args.store)
    carrier, manifest = store.get(args.id)
    with Making(store, args.id) as making:
        target = making.path('lists')
        os.mkdir(target, 0o700)
        with Decompressed(carrier.data) as stream:
            tar = spawn(['tar', '--no-same-owner', '-xf', '-', '-C', target], stdin=stream.fd)
            errors = Stderr(tar)
            if tar.wait() != 0:
                raise Corrupt('The lists cannot be unpacked: %s' % errors.words())
            end_child(tar)
            require_same_archive(stream.finish(), manifest)
        taken = [name for name in sorted(os.listdir(target)) if take_list(store, target, name)]
        tag, here = os.path.join(target, STORE_TAG_FILE), store.path(STORE_TAG_FILE)
        if os.path.isfile(tag) and not os.path.exists(here):
            os.makedirs(os.path.dirname(here), mode=0o700, exist_ok=True)
            write_durably(here, read_json(tag))
        making.discard()
    sync_folder(store.folder)
    say('taken', ids=taken)


def take_list(store, folder, name):
    if not ID_PATTERN.match(name) or os.path.exists(store.path(name)):
        return False
    listed = Snapshot(os.path.join(folder, name))
    if listed.manifest().get('repository') is None:
        raise Corrupt('What is listed as kept in a repository is not.')
    sync_folder(listed.folder)
    os.rename(listed.folder, store.path(name))
    return True


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

    def with_repository(sub):
        sub.add_argument('--repository', action='store_true')
        # Where the repository's folder is mounted.
        sub.add_argument('--repository-folder', default='/repository')
        return sub

    sub = with_repository(command('create', create, '--store', '--source', '--id', '--about'))
    sub.add_argument('--wait-frozen', action='store_true')
    sub.add_argument('--long', action='store_true')
    sub.add_argument('--expected-ratio', type=float, default=1.0)
    sub.add_argument('--level', type=int, default=3, choices=range(1, 20))
    listing = command('list', list_snapshots, '--store')
    listing.add_argument('--sweep', action='store_true')
    listing.add_argument('--keep-imports', type=float, default=0)
    command('entries', entries, '--store', '--id')
    command('tree', tree, '--source').add_argument('--hash', action='store_true')
    command('mark', mark, '--store', '--id', '--marks')
    with_repository(command('remove', remove, '--store')).add_argument('--id', action='append', required=True)
    what = with_repository(command('repository', repository_command, '--store')).add_mutually_exclusive_group(required=True)
    for name in ('make', 'open', 'check'):
        what.add_argument('--' + name, dest='what', action='store_const', const=name)
    command('sweep', sweep, '--store').add_argument('--keep-imports', type=float, default=0)
    command('tools', tools)
    sub = command('guard', guard, '--store', '--id', '--socket', '--container')
    sub.add_argument('--how', choices=('pause', 'stop', 'live'), required=True)
    sub.add_argument('--before')
    sub.add_argument('--after')
    sub.add_argument('--grace', type=int, default=10)
    sub = command('keep-images', keep_images, '--store', '--id', '--about', '--socket')
    sub.add_argument('--image', action='append', required=True)
    sub.add_argument('--bytes', type=int, default=0)
    command('load-images', load_images, '--store', '--id', '--socket')
    command('keep-lists', keep_lists, '--store', '--id', '--about').add_argument('--list', action='append', required=True)
    command('take-lists', take_lists, '--store', '--id')
    with_repository(command('verify', verify, '--store', '--id'))
    sub = with_repository(command('restore', restore, '--store', '--id', '--target'))
    sub.add_argument('--no-devices', action='store_true')
    with_repository(command('read', read, '--store', '--id', '--path'))
    sub = with_repository(command('put-back', put_back, '--store', '--id', '--target'))
    sub.add_argument('--path', action='append', required=True)
    exporting = with_repository(command('export', export, '--store', '--id'))
    exporting.add_argument('--from', type=int, default=0)
    exporting.add_argument('--plain', action='store_true')
    sub = command('import', import_snapshot, '--store', '--id', '--about')
    sub.add_argument('--bytes', type=int, required=True)
    sub.add_argument('--max-entries', type=int, default=5000000)
    sub.add_argument('--max-bytes', type=int)
    sub.add_argument('--expect-manifest')
    sub.add_argument('--as-expected', action='store_true')
    sub.add_argument('--take-about', action='store_true')
    args = parser.parse_args(argv)
    if args.command is None:
        parser.error('no command')
    if isinstance(getattr(args, 'id', None), str):
        check_id(args.id)
    return args


def ignore_stops():
    for one in _STOPPING:
        signal.signal(one, signal.SIG_IGN)


def on_stop(signum, frame):
    # Once: what is tidied up then is not to be interrupted.
    ignore_stops()
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
        with opened_repository(args) as args.opened:
            args.run(args)
        return 0
    except Cancelled:
        fail('cancelled', 'It was cancelled.', {})
        return 143
    except Failure as failure:
        fail(failure.code, failure.message, failure.details)
    except BrokenPipeError:
        # Nobody listens any more.
        return 1
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
