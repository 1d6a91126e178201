"""Colours, attributes, kinds of underline, links."""

import os
import sys

cols, rows = os.get_terminal_size()
write = sys.stdout.write
for base in [30, 40, 90, 100]:
    write("".join(f"\x1b[{base + n}m {base + n} " for n in range(8)) + "\x1b[0m\r\n")
for start in range(0, 256, 32):
    write("".join(f"\x1b[48;5;{n};38;5;{255 - n}m{n:3}" for n in range(start, start + cols // 4)) + "\x1b[m\r\n")
for at in range(cols * 2):
    write(f"\x1b[48;2;{at * 255 // (cols * 2)};{255 - at};128m\x1b[38:2::{at}:0:{255 - at % 256}m" + "▀▄█▒"[at % 4])
write("\x1b[0m\r\n")
for attribute in [1, 2, 3, 4, 5, 7, 8, 9, 21, 53]:
    off = {1: 22, 2: 22, 21: 24, 53: 55}.get(attribute, attribute + 20)
    write(f"\x1b[{attribute}mattribute {attribute}\x1b[{off}m off ")
write("\r\n")
for style in range(6):
    write(f"\x1b[4:{style}m style {style} \x1b[58:5:{style + 1}m colour \x1b[58;2;200;{style * 40};0m mixed \x1b[59m none \x1b[24m ")
write("\x1b[0m\r\n")
for number in range(6):
    name = f"id=link{number % 2};" if number % 3 else ";"
    write(f"\x1b]8;{name}https://example.org/{number}\x1b\\link {number}\x1b]8;;\x1b\\ and ")
write("\r\n\x1b]8;id=wrap;https://example.org/wrapped\x07" + "a link over more than one row " * 6 + "\x1b]8;;\x07\r\n")
write('\x1b[1"qprotected\x1b[0"q not\r\x1b[?0K\r\n')
for number in range(rows // 3):
    write(f"\x1b[4{number % 8}m\x1b[Kerased to the end\x1b[0m\r\n")
write("\x1b[1;4;38;5;200mpen left on")
