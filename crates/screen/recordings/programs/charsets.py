"""Line drawing and national sets, shifts, controls of eight bits, bad UTF-8, strings that never come to an end."""

import sys

write = sys.stdout.buffer.write
write(b"\x1b(0lqqqwqqqk\r\nx   x   x\r\nmqqqvqqqj\x1b(B\r\n")
write(b"\x1b)0\x0eqqq\x0fqqq \x1b(A#\x1b(B# \x1b(K[\\]{|}~\x1b(B\r\n")
write(b"\x1b*0\x1bnqqq\x1boqqq\x0f \x1b7\x1b(0\x1b8abc\x1b(B\r\n")
write("\u009b31mred in C1\u009bm \u0085next\u0084index\u008dback \u0090q\u009c \u009d2;title\u009c".encode() + b"\r\n")
write(b"bad: \xff \xc3 \xe6\xbc \xf0\x9f\x98 \xed\xa0\x80 \xc0\xaf \xf5\x80 ok\r\n")
write(b"\x1bP+q544e\x1b\\after dcs \x1b_apc\x1b\\after apc \x1b^pm\x1b\\after pm \x1bXsos\x1b\\after sos\r\n")
write(b"\x1b]0;a title\x07\x1b]2;another \xe2\x9c\x93\x1b\\\x1b]7;file://host/home/user\x1b\\\x1b]133;A\x07\x1b]1337;X=1\x07")
write(b"\x1b]4;1;rgb:ff/00/00\x07\x1b]10;#aabbcc\x07\x1b]11;rgb:0000/1111/2222\x07\x1b]104;1\x07")
write(b"\x1b[38;5;1;48;2;1;2;3;4:3mtext\x1b[;31;;1mmore\x1b[0;0;0m\x1b[31:32:33m\x1b[99999999999;1Hfar\x1b[1;99999999999Hright\r\n")
write(b"\x1b[\x18cancelled \x1b[1\x1a2;3\x1b[1\x1b[2mescaped \x1b[1\r2mwith a return\r\n")
write(b"\x1b#8\x1b[3;3H\x1b#3\x1b#5fill\x1b[4;4H\x1b[!psoft\x1bc\x1b[2;2Hreset\r\n")
write(b"\x1b[20hline\nfeed\x1b[20l\x1b[4hinsert\x1b[1Gmode\x1b[4l\r\n\x08\x08\x0b\x0c\x00\x7f\r\nend \x1b[3")
