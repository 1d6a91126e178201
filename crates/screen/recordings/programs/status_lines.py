"""A status line as ninja writes it, cut to the width, with warnings between; then several at once, as docker does."""

import os
import sys

cols = os.get_terminal_size().columns


def out(text):
    sys.stdout.write(text)
    sys.stdout.flush()


for step in range(1, 81):
    line = f"[{step}/80] Building CXX object src/some/long/path/of/a/target/CMakeFiles/target.dir/file_{step}.cpp.o"
    out(f"\r{line[: cols - 1]}\x1b[K")
    if step % 20 == 0:
        out(f"\nfile_{step}.cpp:12:5: \x1b[01;35m\x1b[Kwarning: \x1b[m\x1b[Kunused variable ‘\x1b[01m\x1b[Kx\x1b[m\x1b[K’\n")
out("\n")
layers = [f"{n:012x}" for n in range(0xA1B2, 0xA1B2 + 5)]
for layer in layers:
    out(f"{layer}: Waiting\n")
for step in range(30):
    up = 1 + step % len(layers)
    bar = "=" * (step % 30) + ">"
    out(f"\x1b[{up}A\x1b[2K\r{layers[-up]}: Downloading [{bar:<30}]\r\x1b[{up}B")
out("\x1b]9;4;0\x1b\\\x1b]2;done\x07done\n")
