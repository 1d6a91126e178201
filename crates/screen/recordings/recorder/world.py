"""A user's home and a system that are the same everywhere, made of mounts that only the recorder's children see."""

import os
import shutil
import socket
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path

HOME = Path("/home/user")
EPOCH = "2026-01-02T03:04:05+00:00"

ENTER = Path("/tmp/system/enter")

ENV = {
    "HOME": str(HOME),
    "USER": "user",
    "LOGNAME": "user",
    "SHELL": "/bin/bash",
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PATH": f"{HOME}/.rust/bin:/usr/local/bin:/usr/bin:/bin",
    "PYTHONPATH": f"{HOME}/.python",
    "GIT_AUTHOR_DATE": EPOCH,
    "GIT_COMMITTER_DATE": EPOCH,
    "GIT_CONFIG_NOSYSTEM": "1",
    "LESSHISTFILE": "-",
    "INPUTRC": "/dev/null",
}

PROC = {
    "meminfo": "MemTotal:        8000000 kB\nMemFree:         3000000 kB\nMemAvailable:    5000000 kB\n"
    "Buffers:          200000 kB\nCached:          2000000 kB\nSwapCached:            0 kB\n"
    "SwapTotal:       1000000 kB\nSwapFree:         900000 kB\nShmem:            100000 kB\nSReclaimable:     150000 kB\n",
    "stat": "cpu  10000 200 5000 80000 300 0 100 0 0 0\n"
    + "".join(f"cpu{n} 2500 50 1250 20000 75 0 25 0 0 0\n" for n in range(4))
    + "intr 1000\nctxt 100000\nbtime 1767323045\nprocesses 4000\nprocs_running 1\nprocs_blocked 0\n",
    "loadavg": "0.42 0.31 0.27 1/120 4000\n",
    "uptime": "4242.00 16000.00\n",
    "cpuinfo": "".join(f"processor\t: {n}\nmodel name\t: A processor\ncpu MHz\t\t: 2000.000\n\n" for n in range(4)),
    "version": "Linux version 6.1.0 (builder@host) (gcc) #1 SMP\n",
    "swaps": "Filename\tType\tSize\tUsed\tPriority\n",
}


def mount(*args):
    subprocess.run(["mount", *map(str, args)], check=True)


def build(rich, rust):
    """Hides the machine: /home, /tmp, /sys, names and figures. Needs namespaces of its own (see record.py)."""
    socket.sethostname("host")
    stage = Path(tempfile.mkdtemp(prefix="recorder-"))
    mount("-t", "tmpfs", "-o", "size=1G", "tmpfs", stage)
    home = stage / "user"
    home.mkdir()
    for source, name in [(rich, ".python"), (rust, ".rust")]:
        if source:
            (home / name).mkdir()
            mount("--bind", source, home / name)
    shutil.copytree(Path(__file__).parent.parent / "programs", home / "programs")
    mount("--rbind", stage, "/home")
    for place in ["/tmp", "/sys"]:
        mount("-t", "tmpfs", "-o", "size=1G", "tmpfs", place)
    fake(Path("/tmp/system"))
    os.chdir(HOME)
    fill(HOME)


def fake(folder):
    """Lays files that say nothing over those that describe the machine; those of /proc once there is a program."""
    folder.mkdir()
    for name, text in PROC.items():
        (folder / name).write_text(text)
    lines = [f"mount --bind {folder / name} /proc/{name}" for name in PROC]
    ENTER.write_text("\n".join(["set -e", *lines, 'exec "$@"', ""]))
    files = {
        "passwd": "user:x:0:0:User:/home/user:/bin/bash\n",
        "group": "user:x:0:\n",
        "hostname": "host\n",
        "hosts": "127.0.0.1 localhost\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
        mount("--bind", folder / name, f"/etc/{name}")
    cpus = Path("/sys/devices/system/cpu")
    cpus.mkdir(parents=True)
    for name in ["online", "possible", "present"]:
        (cpus / name).write_text("0-3\n")


def alone(argv):
    """The command that runs a program as the only one there is."""
    own = ["unshare", "--pid", "--fork", "--mount", "--mount-proc", "--kill-child"]
    return [*own, "sh", str(ENTER), *argv]


def fill(home):
    """A small project, its history, and texts worth reading."""
    project = home / "project"
    (project / "src").mkdir(parents=True)
    (project / "README.md").write_text(README)
    (project / "src" / "main.rs").write_text(rust_source())
    (home / "notes.txt").write_text("".join(f"{n:04} {PROSE[n % len(PROSE)]}\n" for n in range(600)))
    (home / "日本語.txt").write_text("".join(f"{n} {WIDE[n % len(WIDE)]}\n" for n in range(120)))
    (home / ".bashrc").write_text(BASHRC)
    (home / ".tmux.conf").write_text("set -g default-command bash\nset -g assume-paste-time 0\nset -s escape-time 0\n")
    (home / ".vimrc").write_text("syntax on\nset nocompatible background=dark noswapfile t_RV= laststatus=2\n")
    history(project)
    crates(home / "workspace")
    then = datetime.fromisoformat(EPOCH).timestamp()
    for path in [home, *home.glob("*"), *project.rglob("*")]:
        os.utime(path, (then, then))


def history(project):
    """Commits with branches, as git log --graph likes them."""

    def git(*args):
        subprocess.run(["git", *args], cwd=project, check=True, env=ENV, stdout=subprocess.DEVNULL)

    git("init", "-q", "-b", "main")
    git("config", "user.name", "A. User")
    git("config", "user.email", "user@example.org")
    git("add", ".")
    git("commit", "-q", "-m", "start")
    for number in range(24):
        if number % 6 == 2:
            git("checkout", "-q", "-b", f"topic-{number}")
        name = project / "src" / f"part{number % 5}.rs"
        name.write_text(f"//! Part {number}.\n\npub fn part() -> u32 {{\n    {number}\n}}\n")
        git("add", ".")
        git("commit", "-q", "-m", f"part {number}: {PROSE[number % len(PROSE)][:48]}")
        if number % 6 == 4:
            git("checkout", "-q", "main")
            git("merge", "-q", "--no-ff", "-m", f"merge topic-{number - 2}", f"topic-{number - 2}")


def crates(folder):
    """A workspace of small packages, so that cargo has something to count."""
    names = [f"part-{n}" for n in range(14)]
    for name in names:
        (folder / name / "src").mkdir(parents=True)
        (folder / name / "Cargo.toml").write_text(f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n')
        (folder / name / "src/lib.rs").write_text("pub fn part() -> u32 {\n    let unused = 1;\n    2\n}\n")
    (folder / "Cargo.toml").write_text(f"[workspace]\nresolver = \"2\"\nmembers = {names}\n".replace("'", '"'))


def rust_source():
    functions = [
        f"/// Adds {n}.\nfn add_{n}(value: u64) -> u64 {{\n    // 足す {n}\n    value.wrapping_add({n})\n}}\n"
        for n in range(40)
    ]
    calls = "".join(f"    println!(\"{{}}\", add_{n}({n}));\n" for n in range(40))
    return "//! A program.\n\n" + "\n".join(functions) + f"\nfn main() {{\n{calls}}}\n"


BASHRC = r"""
PS1='\[\e]0;\u@\h: \w\a\]\[\e[01;32m\]\u@\h\[\e[0m\]:\[\e[01;34m\]\w\[\e[0m\]$ '
HISTFILE=
"""

README = "# Project\n\nA project that does little.\n\n- one\n- two\n- three — with a dash, “quotes”, and ✓\n"

PROSE = [
    "The quick brown fox jumps over the lazy dog and does not look back.",
    "A line that is long enough to be wrapped on a terminal of eighty columns, so that what comes after it is one row further down than it would be.",
    "Short.",
    "Tabs\tbetween\twords\tare\talso\ttext.",
    "Grüße aus Zürich: äöü ÄÖÜ ß é è ê ñ ç.",
]

WIDE = [
    "今日は天気がいいので、公園まで散歩に行きました。公園には大きな池があって、鴨がたくさん泳いでいました。",
    "한국어 문장도 넓은 글자로 쓰여 있습니다. 터미널에서 한 글자가 두 칸을 차지합니다.",
    "emoji 😀 🎉 👩‍💻 👨‍👩‍👧 🇨🇭 👍🏽 ❤️ ☕ 1️⃣ and back to letters",
    "combining: e\u0301 a\u0308 n\u0303 o\u0302\u0323 и\u0306 क्षि ไทย ภาษาไทย",
    "half ｶﾀｶﾅ full ＡＢＣ mixed 漢a字b列c",
]
