"""A program on a pseudo-terminal that is typed at, everything it writes being kept."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

WAIT_S = 20.0
"""A program that doesn't show what is waited for within this time has failed."""

QUIET_S = 0.08
"""A program that wrote something and then nothing for this time has done what it was asked."""

SEQUENCES = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])|[\x00-\x08\x0e-\x1f]"
)

QUERIES = [
    (re.compile(rb"\x1b\[0?c"), b"\x1b[?1;2c"),
    (re.compile(rb"\x1b\[>0?c"), b"\x1b[>0;276;0c"),
    (re.compile(rb"\x1b\[5n"), b"\x1b[0n"),
    (re.compile(rb"\x1b\[6n"), b"\x1b[1;1R"),
    (re.compile(rb"\x1b\]10;\?(?:\x07|\x1b\\)"), b"\x1b]10;rgb:dddd/dddd/dddd\x1b\\"),
    (re.compile(rb"\x1b\]11;\?(?:\x07|\x1b\\)"), b"\x1b]11;rgb:1111/1111/1111\x1b\\"),
]
"""What programs ask a terminal, and answers that satisfy them."""


class Failed(Exception):
    """A program didn't do what the script waits for."""


class Terminal:
    """One program from start to end."""

    def __init__(self, argv, cols, rows, env):
        self.argv = argv
        self.output = bytearray()
        self.looked = 0
        self.typed = ""
        self.answered = 0
        gate, opener = os.pipe()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.close(opener)
            # The program starts once the terminal has its size.
            os.read(gate, 1)
            os.execvpe(argv[0], argv, env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        os.close(opener)
        os.close(gate)

    def _read(self, timeout_s):
        """Takes in what comes; False once the program has closed the terminal."""
        if not select.select([self.fd], [], [], timeout_s)[0]:
            return True
        try:
            piece = os.read(self.fd, 65536)
        except OSError:
            return False
        self.output += piece
        self._answer()
        return bool(piece)

    def _answer(self):
        for query, answer in QUERIES:
            for _ in query.finditer(self.output, self.answered):
                os.write(self.fd, answer)
        # A query cut in two is looked at again with its rest.
        cut = self.output.rfind(b"\x1b", max(self.answered, len(self.output) - 16))
        whole = cut < 0 or any(query.match(self.output, cut) for query, _ in QUERIES)
        self.answered = len(self.output) if whole else cut

    def wait(self, pattern):
        """Until text that matches was written after the last wait; sequences don't count as text."""
        wanted = re.compile(pattern.encode() if isinstance(pattern, str) else pattern)
        end = time.monotonic() + WAIT_S
        while True:
            text = SEQUENCES.sub(b"", bytes(self.output[self.looked :]))
            if wanted.search(text):
                self.looked = len(self.output)
                return
            left = end - time.monotonic()
            if left < 0 or not self._read(left):
                raise self._failure(f"show {pattern!r}")

    def rest(self):
        """Until nothing was written for a moment."""
        while select.select([self.fd], [], [], QUIET_S)[0] and self._read(0):
            pass
        self.looked = len(self.output)

    def settle(self):
        """Until something was written after the last wait, and then nothing for a moment."""
        end = time.monotonic() + WAIT_S
        while len(self.output) == self.looked or select.select([self.fd], [], [], QUIET_S)[0]:
            left = end - time.monotonic()
            if left < 0 or not self._read(left):
                raise self._failure("write something, and then nothing,")
        self.looked = len(self.output)

    def type(self, keys):
        """Types, and waits for nothing."""
        self.typed = keys
        os.write(self.fd, keys.encode())

    def send(self, keys, then=None):
        """Types, and waits for what it leads to: text, or whatever it is."""
        self.type(keys)
        if then is not None:
            self.wait(then)
        else:
            self.settle()

    def _failure(self, what):
        self.kill()
        last = bytes(self.output[-200:])
        return Failed(f"{self.argv[-1]} did not {what} after {self.typed!r}; it wrote last: {last!r}")

    def kill(self):
        """Ends the program, and with it all that it started."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)

    def finish(self):
        """Reads until the program ends, and gives all it wrote."""
        end = time.monotonic() + WAIT_S
        while self._read(max(0.0, end - time.monotonic())):
            if time.monotonic() > end:
                raise self._failure("end")
        os.waitpid(self.pid, 0)
        os.close(self.fd)
        return bytes(self.output)
