"""Connects to TCP ports of the network that it is in, and listens there, for as long as its standard input is open.

Runs in a helper container that shares a workspace's network, so that a server which listens on the loopback alone is
reached too. Many connections share standard input and output: each frame is 1 byte of kind, 4 bytes of connection, 4 bytes
of length (big-endian) and so many bytes. Both sides may send WINDOW bytes of a connection, and more as the other side
returns credit, so that a slow one holds up nobody. Python 3.6, nothing but its own library.

To it:    OPEN (2 bytes: port; then a name or an address, or nothing for the loopback), HEAR (as OPEN; what comes from there
          is sound, whose silence is left out), LISTEN (2 bytes: port of the loopback), DATA, END (no more data), RESET (of
          a connection or a listener), CREDIT (4 bytes: count), LOOK
From it:  READY (connection 0), OPENED, ACCEPTED (4 bytes: its listener; the connection is a new one, above ACCEPTED_FROM),
          DATA, END, CLOSED (why, or nothing when both directions have ended), CREDIT, LOOK (what listens, as /proc says it)
"""
import asyncio
import os
import socket
import struct
import sys

READY, OPEN, DATA, END, RESET, CREDIT, LISTEN, ACCEPTED, LOOK, HEAR = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
OPENED, CLOSED = OPEN, RESET
HEAD = struct.Struct('>BII')
WINDOW = 262144
PIECE = 65536
MOST_BYTES = 1 << 20
CONNECT_SECONDS = 10
ACCEPTED_FROM = 1 << 31
# Of one listener. What comes on top is turned away, so that nobody in the workspace fills the relay's memory.
MOST_ACCEPTED = 256
MOST_LOOK_BYTES = 262144
# Of sound: two channels of 16 bit.
FRAME_BYTES = 4
# Of silence, this much is passed on before it is left out: half a second at 48 000 frames. Who plays it has played all that
# sounds by then, and tells from it that a pause is meant. sound-buffer.ts and sound-delay.ts rely on a quarter of a second.
HUSH_BYTES = 96000


class Output:
    def __init__(self, writer):
        self.writer = writer
        self.lock = asyncio.Lock()

    async def send(self, kind, number, payload=b''):
        async with self.lock:
            self.writer.write(HEAD.pack(kind, number, len(payload)) + payload)
            await self.writer.drain()


async def connect(port, host):
    if host:
        return await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_SECONDS)
    # A server listens on IPv4, on IPv6, or on both.
    first = None
    for address in ('127.0.0.1', '::1'):
        try:
            return await asyncio.wait_for(asyncio.open_connection(address, port), CONNECT_SECONDS)
        except (OSError, asyncio.TimeoutError) as error:
            first = first or error
    raise first


def listening():
    """Lines of /proc/net/tcp and tcp6 whose state is 0A. The kernel tells those first, so that the rest is not read."""
    found = b''
    for name in ('/proc/net/tcp', '/proc/net/tcp6'):
        try:
            with open(name, 'rb') as table:
                next(table, None)
                for line in table:
                    if line.split()[3:4] != [b'0A'] or len(found) > MOST_LOOK_BYTES:
                        break
                    found += line
        except OSError:
            # No IPv6 in this kernel.
            pass
    return found


def words_of(error):
    return (str(error) or type(error).__name__).encode('utf-8', 'replace')[:200]


def reset(writer):
    """The server is told that it was broken off (RST), not that all was sent (SO_LINGER of 0 seconds, socket(7))."""
    connection = writer.get_extra_info('socket')
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    writer.transport.abort()


class Silence:
    """Leaves out pieces of nothing but zeros, once there were HUSH_BYTES of them; what follows begins at a whole frame."""

    def __init__(self):
        self.zeros = 0
        self.left_out = 0

    def without(self, data):
        tail = len(data) - len(data.rstrip(b'\0'))
        if tail < len(data):
            missing = bytes(self.left_out % FRAME_BYTES)
            self.zeros, self.left_out = tail, 0
            return missing + data
        if self.zeros >= HUSH_BYTES:
            self.left_out += len(data)
            return b''
        self.zeros += len(data)
        return data


class Dial:
    def __init__(self, number, output, silence=None):
        self.number = number
        self.output = output
        self.silence = silence
        self.input = asyncio.Queue()
        self.credit = WINDOW
        self.has_credit = asyncio.Event()
        self.has_credit.set()
        self.task = None

    def give(self, count):
        self.credit += count
        if self.credit > 0:
            self.has_credit.set()

    async def run(self, way, *word):
        writer = None
        reason = b''
        try:
            reader, writer = await way
            await self.output.send(*word)
            await both(self.from_server(reader), self.to_server(writer))
        except asyncio.CancelledError:
            reason = b'reset'
            if writer is not None:
                reset(writer)
            return
        except Exception as error:
            reason = words_of(error)
            if writer is not None:
                reset(writer)
        finally:
            dials.pop(self.number, None)
            if writer is not None:
                writer.close()
            if reason != b'reset':
                await self.output.send(CLOSED, self.number, reason)

    async def from_server(self, reader):
        while True:
            await self.has_credit.wait()
            data = await reader.read(min(PIECE, self.credit))
            if not data:
                await self.output.send(END, self.number)
                return
            if self.silence is not None:
                data = self.silence.without(data)
                if not data:
                    continue
            self.credit -= len(data)
            if self.credit <= 0:
                self.has_credit.clear()
            await self.output.send(DATA, self.number, data)

    async def to_server(self, writer):
        while True:
            data = await self.input.get()
            if data is None:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()
            await self.output.send(CREDIT, self.number, struct.pack('>I', len(data)))


class Listener:
    def __init__(self, number, output):
        self.number = number
        self.output = output
        self.open = set()
        self.server = None
        self.task = None

    async def run(self, port):
        try:
            self.server = await asyncio.start_server(self.accept, '127.0.0.1', port)
            await self.output.send(OPENED, self.number)
        except Exception as error:
            listeners.pop(self.number, None)
            await self.output.send(CLOSED, self.number, words_of(error))

    async def accept(self, reader, writer):
        if len(self.open) >= MOST_ACCEPTED:
            reset(writer)
            return
        accepted[0] = accepted[0] % (ACCEPTED_FROM - 1) + 1
        number = ACCEPTED_FROM + accepted[0]
        dial = dials[number] = Dial(number, self.output)
        self.open.add(dial)
        word = (ACCEPTED, number, struct.pack('>I', self.number))
        dial.task = asyncio.ensure_future(dial.run(there(reader, writer), *word))
        dial.task.add_done_callback(lambda _: self.open.discard(dial))

    def close(self):
        self.task.cancel()
        if self.server is not None:
            self.server.close()
        for dial in list(self.open):
            dial.task.cancel()


async def there(reader, writer):
    return reader, writer


async def both(*parts):
    """Ends when all have; the first failure ends the others."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


dials = {}
listeners = {}
accepted = [0]


def take(kind, number, payload, output):
    dial = dials.get(number)
    if kind in (OPEN, HEAR) and dial is None and len(payload) >= 2:
        port, host = struct.unpack('>H', payload[:2])[0], payload[2:].decode('utf-8', 'replace')
        dial = dials[number] = Dial(number, output, Silence() if kind == HEAR else None)
        dial.task = asyncio.ensure_future(dial.run(connect(port, host), OPENED, number))
    elif kind == LISTEN and number not in listeners and len(payload) == 2:
        listener = listeners[number] = Listener(number, output)
        listener.task = asyncio.ensure_future(listener.run(struct.unpack('>H', payload)[0]))
    elif kind == LOOK:
        asyncio.ensure_future(output.send(LOOK, number, listening()))
    elif kind == RESET and number in listeners:
        listeners.pop(number).close()
    elif dial is None:
        # It has ended, and this crossed the word of that.
        return
    elif kind == DATA:
        dial.input.put_nowait(payload)
    elif kind == END:
        dial.input.put_nowait(None)
    elif kind == CREDIT and len(payload) == 4:
        dial.give(struct.unpack('>I', payload)[0])
    elif kind == RESET:
        dial.task.cancel()
    else:
        raise ValueError('a frame of an unknown kind')


async def main():
    loop = asyncio.get_event_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(1, 'wb'))
    output = Output(asyncio.StreamWriter(transport, protocol, None, loop))
    await output.send(READY, 0)
    try:
        while True:
            kind, number, length = HEAD.unpack(await reader.readexactly(HEAD.size))
            if length > MOST_BYTES:
                raise ValueError('a frame that is too long')
            take(kind, number, await reader.readexactly(length), output)
    except asyncio.IncompleteReadError:
        # Nobody wants anything of it any more.
        pass


if __name__ == '__main__':
    main_loop = asyncio.new_event_loop()
    asyncio.set_event_loop(main_loop)
    main_loop.run_until_complete(main())
    os._exit(0)
