"""More lines than the screen has; regions, scrolling both ways, insertion and deletion of lines, origin mode, tabs."""

import os
import sys

cols, rows = os.get_terminal_size()
write = sys.stdout.write
for number in range(rows * 3):
    write(f"\x1b[3{number % 8}mline {number} {'word ' * (number % 31)}\x1b[0m\r\n")
for top in range(2, 8):
    write(f"\x1b[{top};{rows - top}r\x1b[{top};5Hin the region {top}")
    write(f"\x1b[{top + 2};1H\x1b[2L\x1b[44mnew\x1b[0m\x1b[1M\x1b[3S\x1b[2T\x1bM\x1bD\x1bE")
    write(f"\x1b[?6h\x1b[1;1Hhome\x1b[99;99Hcorner\x1b[?6l\x1b[{rows - top};1H\n\n\n")
write("\x1b[r\x1b[3g")
for column in range(5, cols, 11):
    write(f"\x1b[{column}G\x1bH")
write("\ra\tb\tc\x1b[2Zd\x1b[2Ie\r\n")
write("\x1b7\x1b[5;5Hsaved\x1b8restored\x1b[s\x1b[1;1Hx\x1b[u\r\n")
write("\x1b[?1049halternate\x1b[2;5r\x1b[5;1H\n\n\x1b[r\x1b[2J\x1b[?1049l")
write("\x1b[2J\x1b[3;3Herased\x1b[1J\x1b[J\x1b[3J")
for number in range(rows * 2):
    write(f"again {number}\r\n")
write("\x1b[?2004h\x1b[?1h\x1b=\x1b[?1000h\x1b[?1006h\x1b[5 q\x1b[?25l")
