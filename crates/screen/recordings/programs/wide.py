"""Wide characters, marks and emoji at the edges: wraps, overwriting of halves, insertion, deletion, erasure."""

import os
import sys

cols, rows = os.get_terminal_size()
write = sys.stdout.write
TEXTS = ["漢字", "한국", "😀👍🏽", "👨‍👩‍👧", "🇨🇭🇦🇹", "e\u0301o\u0302\u0323", "❤️☕", "ｱｲｳ", "क्षि", "a\u200db", "1\ufe0f\u20e3", "𠀀𠀁"]

for at, text in enumerate(TEXTS * 3):
    write(f"\x1b[{cols - at % 4}G{text}after\r\n")
for at, text in enumerate(TEXTS):
    write((text * cols)[: cols + at] + "\r\n")
for at in range(12):
    write("漢字かな交じり文" * 2 + f"\x1b[{at + 1}G" + "x\x1b[2P\x1b[3@\x1b[1X" + "\r\n")
write("\x1b[?7l" + "漢" * (cols // 2) + "end\x1b[?7h\r\n")
write("\x1b[4h" + "漢字" + "\x1b[1G" + "insert" + "\x1b[4l\r\n")
for at in range(1, 5):
    write(f"\x1b[4{at}m" + "全角" * (cols // 4) + f"\x1b[{cols // 2 + at}G\x1b[K\x1b[0m\r\n")
    write("半角" * (cols // 4) + f"\x1b[{cols // 2 + at}G\x1b[1K\r\n")
write("漢\x1b[5b字\x1b[3b\r\n")
write("\x1b[1;1H" + "\u0301start\x1b[3;1H\u200d\ufe0f" + f"\x1b[{rows};{cols}H漢")
for at in range(40):
    write(TEXTS[at % len(TEXTS)] * (at % 7) + " " * (at % 3) + ("\r\n" if at % 5 == 4 else ""))
write("\r\n")
