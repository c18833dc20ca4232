# Stands in for snapshot-helper.py in the tests of what runs it: does one small thing, named by its first argument.
import json
import os
import signal
import socket
import sys
import time

what, args = sys.argv[1], sys.argv[2:]
out = sys.stdout


def line(value):
    out.write(json.dumps(value, ensure_ascii=False) + "\n")
    out.flush()


if what == "lines":
    for number in range(int(args[0])):
        line({"number": number, "text": "über €uro " * 20})
    sys.stderr.write("x" * 5000 + "the end of ärror\n")
    sys.exit(int(args[1]))
elif what == "slow-lines":
    for number in range(int(args[0])):
        line({"number": number})
        time.sleep(float(args[1]))
    sys.stdout.write("last without end")
elif what == "long-lines":
    for length in (100000, 1, 16384):
        out.write("ä" * length + "\n")
elif what == "bytes":
    block = bytes(range(256)) * 256
    for _ in range(int(args[0]) * 16):
        sys.stdout.buffer.write(block)
elif what == "count":
    total = 0
    while True:
        data = sys.stdin.buffer.read(65536)
        if not data:
            break
        total += len(data)
    line({"total": total})
elif what == "echo":
    sys.stdin = None
    line("ready")
    while True:
        data = os.read(0, 65536)
        if not data:
            break
        os.write(1, data)
    os.write(2, b"input ended\n")
    sys.exit(7)
elif what == "fail-early":
    os.read(0, 10)
    line({"error": "no space"})
    sys.exit(9)
elif what == "ready-and-close":
    line("ready")
    sys.exit(5)
elif what == "memory":
    held = []
    while True:
        held.append(bytearray(os.urandom(1024) * 1024 * 8))
elif what == "wait":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    line("ready")
    time.sleep(600)
elif what == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    line("ready")
    time.sleep(600)
elif what == "look":
    status = dict(row.split(":\t", 1) for row in open("/proc/self/status").read().splitlines() if ":\t" in row)

    def may_write(path):
        try:
            with open(path, "w") as file:
                file.write("x")
            os.unlink(path)
            return "yes"
        except OSError as error:
            return error.strerror

    def connects():
        try:
            socket.create_connection(("1.1.1.1", 53), timeout=2).close()
            return True
        except OSError:
            return False

    line(
        {
            "capabilities": status["CapEff"].strip(),
            "bounding": status["CapBnd"].strip(),
            "noNewPrivileges": status["NoNewPrivs"].strip(),
            "uid": os.getuid(),
            "uidMap": open("/proc/self/uid_map").read().split(),
            "environment": sorted(os.environ),
            "interfaces": sorted(os.listdir("/sys/class/net")),
            "connects": connects(),
            "writes": {path: may_write(path) for path in args},
            "owners": {path: os.stat(os.path.dirname(path)).st_uid for path in args},
        }
    )
