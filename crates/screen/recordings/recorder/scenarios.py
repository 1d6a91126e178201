"""Who is recorded, and what is typed at them. Each: (argv, play), `play(terminal, rounds)` typing until it ends."""

from recorder.world import HOME

PROMPT = r"user@host:[^$]*\$ $"
DOWN, RIGHT, LEFT, UP = "\x1bOB", "\x1bOC", "\x1bOD", "\x1bOA"


def vim_like(argv):
    def play(t, rounds):
        t.wait(r"A program")
        t.send(":set number ruler hlsearch\r")
        for n in range(rounds):
            t.send("/add_2\r", r"\d+,\d+")
            for keys in ["\x06\x06", "gg", "V5jd", "u", "10GO// 日本語 wide, long: " + "word " * 30 + "\x1b"]:
                t.send(keys)
            t.send(":split\r", r"main.rs")
            t.send(":vsplit README.md\r", r"README")
            t.send("GA ✓ 👍🏽 e\u0301\x1b")
            t.send(":only!\r")
            t.send(":e! src/main.rs\r", r"main.rs")
            t.send(f":{20 + n}\rzz")
            t.send("iinsert\ttab\x1b")
            t.send(":echo range(90)\r", r"ENTER")
            t.send("\r")
            t.send("ggVG=:terminal ls\r" if n % 2 else "ggVG=")
            t.send("\x1b:only!\r")
        t.type(":qa!\r")

    return argv, play


def keys(first, presses, last):
    """Waits for a first text, presses keys one by one in every round, ends with the last."""

    def play(t, rounds):
        t.wait(first)
        t.rest()
        for _ in range(rounds):
            for press in presses:
                t.send(press)
        t.type(last)

    return play


LESS = [" ", " ", "/Z.rich\r", "n", "yyy", "-S\r", "\r", RIGHT, LEFT, "-S\r", "\r", "300g", "b", "G", "g"]
LESS_WIDE = [*"jjjj", " ", "/emoji\r", "b"]
GIT = [" ", " ", "/merge\r", "G", "g"]
MAN = [" ", " ", "/option\r", "N", "G", "g"]
HTOP = ["t", DOWN + DOWN, "/", "ba\x1b", "\x1bOQ", DOWN + DOWN, RIGHT, "\x1b", "?", " ", "u", "\x1b"]
TOP = ["1", "z", "c", "h", "q", "x", "V"]
NANO = ["one new line, ", "long: " + "word " * 30, "\r漢字と絵文字😀\r", "\x17fox\r", "\x0b\x0b\x15", "\x07", "\x18", "\x19", UP]
MC = [DOWN + DOWN, "\r", "\x1b[20~", RIGHT + RIGHT, DOWN + DOWN, "\x1b\x1b", "\t", "\x1b[18~", "\x1b\x1b", "\x1b[13~"]
FZF = ["fox", UP * 3, "\t\t", "\x15Zür", "\x7f\x7f\x7f"]


def tmux(t, rounds):
    t.wait(PROMPT + r"|\[main")
    t.settle()
    for _ in range(rounds):
        t.send("ls -la --color project\r", "README")
        t.send("\x02%")
        t.send("for n in {1..60}; do echo line $n; done\r", r"line 60")
        t.send('\x02"')
        t.send("git -C project --no-pager log --oneline --color | head -30\r", r"part")
        t.send("\x02o")
        t.send("echo 日本語 😀\r", r"😀")
        for press in ["\x02z", "\x02z", "\x02c", "seq 200\r", "\x02[", "\x1b[5~\x1b[5~", "q", "\x02w", "q", "\x02p", "\x02t", "q"]:
            t.send(press)
    t.send("\x02:")
    t.type("kill-server\r")


def bash(t, rounds):
    t.wait(PROMPT)
    for _ in range(rounds):
        t.send("echo one two three\x1bb\x1bb\x17\x19\x19\r", PROMPT)
        t.send("echo " + "a long command line that wraps " * 5)
        t.send("\x01\x06\x06\x06\x06\x06X\x05 end")
        t.send("\x1bb\x1bb\x0b\x15\r", PROMPT)
        t.send("echo 漢字かな交じり文を入力して、行の終わりで折り返すかどうかを見る。絵文字😀👍🏽も")
        t.send("\x02\x02\x02\x7f\x7f\x01\x1bf\x04\x05\r", PROMPT)
        t.send("\x12one")
        t.send("\r", PROMPT)
        t.send("ls --color=always -F project/s\t")
        t.send("\r", PROMPT)
        t.send("ls -l --color=always pro\t" + LEFT + LEFT + "\x1b[3~\x1b[3~\x05\x7f\x7f\x7fject\r", PROMPT)
        t.send("cat <<E\rone\rtwo\rE\r", PROMPT)
        t.send("printf '\\t%s\\n' tab tabs; printf 'no newline'\r", PROMPT)
        t.send(UP + UP + DOWN + "\x03", PROMPT)
        t.send("clear\r", PROMPT)
        t.send("ec\t\t")
        t.send("\x03", PROMPT)
        t.send("seq 1 70\r", PROMPT)
    t.type("exit\r")


def until_end(_terminal, _rounds):
    """It ends by itself."""


def program(name):
    """One of our own, in crates/screen/recordings/programs."""
    runner = {"py": "/usr/bin/python3", "js": "node", "sh": "bash"}[name.rsplit(".", 1)[1]]
    return [runner, f"{HOME}/programs/{name}"], until_end


def shell(line):
    return ["bash", "-c", line]


LS = "ls -la --color=always --hyperlink=always /etc/terminfo /home/user; ls --color=always /usr/share/terminfo/x | head -300 | column"
GIT_LOG = "git -C project -c core.pager='less -R' log --color --graph --stat -p"

ALL = {
    "vim": vim_like(["vim", "project/src/main.rs"]),
    "nvim": vim_like(["nvim", "--clean", "-n", "project/src/main.rs"]),
    "less": (["less", "notes.txt"], keys("notes.txt", LESS, "q")),
    "less-wide": (["less", "日本語.txt"], keys(":|END|txt", LESS_WIDE, "q")),
    "htop": (shell("sleep 900 & sleep 901 & htop -d 2"), keys("F10", HTOP, "q")),
    "top": (shell("sleep 900 & top -d 1"), keys("COMMAND", TOP, "q")),
    "nano": (["nano", "project/README.md"], keys("Help", NANO, "\x18n")),
    "tmux": (["tmux", "-u", "new-session", "-s", "main"], tmux),
    "mc": (["mc", "-u", ".", "project"], keys("Quit", MC, "\x1b[21~")),
    "git-log": (shell(GIT_LOG), keys("commit", GIT, "q")),
    "git-diff": (shell("cd project && git -c core.pager='less -RFX' diff --color --word-diff HEAD~9"), keys("part", [" ", " "], "q")),
    "fzf": (shell("fzf --multi --preview 'echo {}' < notes.txt"), keys("600/600", FZF, "\r")),
    "fzf-inline": (shell("fzf --height=10 --multi --border < notes.txt"), keys("600/600", FZF, "\r")),
    "man": (["man", "ls"], keys("Manual page", MAN, "q")),
    "bash": (["bash"], bash),
    "ls": (shell(LS), until_end),
    "cargo": (["cargo", "build", "--offline", "--manifest-path", "workspace/Cargo.toml"], until_end),
    "rich": program("rich_show.py"),
    "node-bar": program("bar.js"),
    "curses": program("curses_show.py"),
    "ninja": program("status_lines.py"),
    "apt-bar": program("apt_bar.sh"),
    "wide": program("wide.py"),
    "attributes": program("attributes.py"),
    "scroll": program("scroll.py"),
    "spinners": program("spinners.js"),
    "charsets": program("charsets.py"),
}
