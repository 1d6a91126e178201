"""A curses program: windows, colours, line drawing, scrolling, insert and delete, the alternate screen."""

import curses
import locale


def show(screen):
    curses.start_color()
    curses.use_default_colors()
    for pair in range(1, 8):
        curses.init_pair(pair, pair, -1 if pair % 2 else 7 - pair)
    curses.curs_set(0)
    rows, cols = screen.getmaxyx()
    screen.border()
    window = curses.newwin(rows - 4, cols // 2, 2, 2)
    window.scrollok(True)
    window.idlok(True)
    for number in range(60):
        window.addstr(f"line {number} 日本 {'x' * (number % 30)}\n", curses.color_pair(number % 8))
        if number % 4 == 0:
            window.refresh()
    other = curses.newwin(rows - 4, cols // 2 - 6, 2, cols // 2 + 3)
    other.box()
    for number in range(24):
        other.addstr(1 + number % (rows - 6), 1, f"{number} bold", curses.A_BOLD | curses.color_pair(number % 8))
        other.insch(2, 2, "i")
        other.delch(3, 3)
        if number % 3 == 0:
            other.insertln()
        if number % 5 == 0:
            other.move(4, 0)
            other.deleteln()
        other.hline(5, 1, curses.ACS_HLINE, 10)
        other.refresh()
    screen.addstr(0, 4, " title ", curses.A_REVERSE | curses.A_UNDERLINE)
    curses.flash()
    curses.beep()
    screen.refresh()
    screen.clear()
    screen.addstr(rows // 2, cols // 2, "the end")
    screen.refresh()


locale.setlocale(locale.LC_ALL, "")
curses.wrapper(show)
print("back")
