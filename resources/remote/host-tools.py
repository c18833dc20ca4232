# Runs in a helper container: does what the host has in /usr work there? The exit code says it, so that nobody must read
# output: 0 when all does, else 100 plus 1 (Python too old), 2 (no GNU tar), 4 (no zstd).
import subprocess
import sys


def answers(program, word):
    try:
        done = subprocess.run([program, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0 and word in done.stdout.lower()


missing = 0
if sys.version_info < (3, 6):
    missing += 1
if not answers("tar", b"gnu tar"):
    missing += 2
if not answers("zstd", b"zst"):
    missing += 4
sys.exit(100 + missing if missing else 0)
