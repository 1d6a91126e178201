#!/usr/bin/env python3
"""Records real programs for the fidelity tests of crates/screen: record.py [--full] [--only NAME…] [--out FOLDER]

Without --full: the small corpus that is kept in the repository (crates/screen/recordings/corpus). With it: longer runs
of the same programs, into target/recordings. Linux only; needs unprivileged namespaces (unshare -r), the programs
(apt-get install -y vim neovim less htop procps nano tmux mc git fzf man-db nodejs), Rich
(pip install --target FOLDER rich, then --rich FOLDER) and a Rust toolchain (rustc on PATH).
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from recorder import scenarios, world
from recorder.terminal import Failed, Terminal

HERE = Path(__file__).resolve().parent
SIZES = [(80, 24), (120, 40)]
MAX_CORPUS_BYTES = 30_000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="longer runs, into target/recordings")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these recordings alone")
    parser.add_argument("--out", type=Path, help="where the recordings go")
    parser.add_argument("--rich", type=Path, help="a folder into which Rich was installed")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def enter():
    """Starts this program again with mounts, processes, names and network of its own."""
    own = ["unshare", "--map-root-user", "--mount", "--uts", "--ipc", "--net"]
    os.execvp("unshare", [*own, sys.executable, *sys.argv, "--inside"])


def toolchain():
    """The Rust toolchain, wherever it lives."""
    found = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else None


def record(steps, cols, rows, full):
    """All that a program wrote while it was typed at as the scenario says."""
    argv, play = steps
    terminal = Terminal(world.alone(argv), cols, rows, world.ENV)
    play(terminal, 4 if full else 1)
    return terminal.finish()


def main():
    options = arguments()
    if not options.inside:
        enter()
    default = HERE.parents[2] / "target/recordings" if options.full else HERE / "corpus"
    out = options.out or default
    out.mkdir(parents=True, exist_ok=True)
    # The folder may be under what is about to be hidden.
    folder = os.open(out, os.O_DIRECTORY)
    world.build(options.rich, toolchain())
    failed = []
    for name, steps in scenarios.ALL.items():
        if options.only and name not in options.only:
            continue
        for cols, rows in SIZES:
            try:
                output = record(steps, cols, rows, options.full)
            except (Failed, OSError) as error:
                failed.append(f"{name} at {cols}×{rows}: {error}")
                continue
            if not options.full and len(output) > MAX_CORPUS_BYTES:
                output = output[:MAX_CORPUS_BYTES]
            file = os.open(f"{name}-{cols}x{rows}.vt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644, dir_fd=folder)
            with os.fdopen(file, "wb") as stream:
                stream.write(output)
            print(f"{name} at {cols}×{rows}: {len(output)} bytes")
    print("\n".join(failed), file=sys.stderr)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
