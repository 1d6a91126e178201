// Sessions worth looking at, for screenshots.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import type { Server, Session } from "./server";

/** What the prompt of these shells says. */
export const PROMPT = "~/sempre (replay) $ ";

const PROFILE = `
PS1='\\[\\e[36m\\]~/sempre \\[\\e[35m\\](replay)\\[\\e[0m\\] $ '
alias ls='ls --color=always --group-directories-first'
export LS_COLORS='di=1;34:ex=1;32:ln=1;36:*.md=33:*.toml=35'
cd ~/sempre
`;

const SOURCE = `//! Joins what a page already has with what the journal holds.

use sempre_protocol::Offset;

/// Cuts a frame to the bytes that are new; none if it starts too late.
pub fn take(received: Offset, offset: Offset, bytes: &[u8]) -> Option<&[u8]> {
    if offset > received {
        return None; // A gap: start over rather than guess.
    }
    let known = usize::try_from(received.since(offset)).ok()?;
    Some(bytes.get(known..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaying_an_overlap_changes_nothing() {
        assert_eq!(take(Offset(5), Offset(0), b"hello"), Some(b"".as_slice()));
        assert_eq!(take(Offset(2), Offset(0), b"hello"), Some(b"llo".as_slice()));
        assert_eq!(take(Offset(2), Offset(3), b"lo"), None);
    }
}
`;

const FILES: [string, string][] = [
  ["src/lib.rs", "pub mod replay;\n"],
  ["src/replay.rs", SOURCE],
  ["tests/overlap.rs", "// Every cut, every byte.\n"],
  ["Cargo.toml", '[package]\nname = "sempre"\nversion = "0.1.0"\n'],
  ["README.md", "# Sempre\n"],
];

const TESTS = `
for name in joins_at_the_end replays_an_overlap starts_over_after_a_gap keeps_offsets_in_order; do
  printf 'test replay::tests::%-28s \\033[32mok\\033[0m\\n' $name
done
printf '\\ntest result: \\033[32mok\\033[0m. 4 passed; 0 failed; finished in 0.01s\\n'
`;

/** Vim with colours and line numbers, and no trace of itself. */
const VIMRC = "set nocompatible viminfo= noswapfile nomodeline number laststatus=2 background=dark\nsyntax on\ncolorscheme habamax\n";

/** Fills the home directory with a small project and starts sessions; the first is the one to look at. */
export async function setScene(server: Server): Promise<Session> {
  for (const [name, text] of FILES) {
    const file = server.file(path.join("sempre", name));
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  await writeFile(server.file("sempre/check"), TESTS, { mode: 0o755 });
  await writeFile(server.file(".bash_profile"), PROFILE);
  await writeFile(server.file(".vimrc"), VIMRC);
  const ended = await server.create({ cwd: "/usr/share", cmd: ["sh", "-c", "exit 3"], labels: { story: "S-39" } });
  await server.ended(ended.session_id);
  await server.create({ cwd: "/var/log", cmd: ["tail", "-f", "/dev/null"], labels: { service: "api" } });
  await server.create({ cwd: "/etc", shell: "sh", labels: { branch: "main" } });
  return server.create({ cwd: "/usr", labels: { story: "S-42", branch: "replay" } });
}

/** The lines to type to have something on the screen. */
export const LINES = ["ls -l", "./check"];
