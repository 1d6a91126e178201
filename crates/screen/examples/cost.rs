//! Feeds one kind of output to an engine, to count what it costs where a clock tells nothing:
//!
//! ```text
//! cargo build --release -p sempre-screen --example cost
//! valgrind --tool=callgrind --toggle-collect='cost::feed' target/release/examples/cost sgr
//! ```
//!
//! `Collected` is the number of instructions.//!
//! The kinds are those of `benches/src/workload.rs` (log, sgr) and of the measure `engine` (words, screen, chinese).

#![allow(clippy::print_stderr)]

use std::hint::black_box;

use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, Screen};

/// Output fed unless a second argument says otherwise, bytes.
const FED_BYTES: usize = 4 * 1024 * 1024;
/// Makes the line of a number.
type Line = fn(usize) -> String;
/// As much as a reader of the journal takes at once.
const READ_BYTES: usize = 64 * 1024;
const SCROLLBACK: usize = 5_000;
const KINDS: [(&str, Line); 5] = [
    ("log", log_line),
    ("sgr", sgr_line),
    ("words", words_line),
    ("screen", full_screen),
    ("chinese", chinese_line),
];

fn log_line(n: usize) -> String {
    format!(
        "2026-11-20T12:{:02}:{:02}Z INFO request served id={n} status=200 bytes={} path=/api/items\r\n",
        n / 60 % 60,
        n % 60,
        n * 37 % 9000
    )
}

fn sgr_line(n: usize) -> String {
    (0..8)
        .map(|i| format!("\x1b[38;5;{};1mword{}\x1b[0m ", (n + i * 7) % 256, n % 10))
        .collect::<String>()
        + "\r\n"
}

fn words_line(n: usize) -> String {
    let words = (0..12).map(|word| {
        format!(
            "\x1b[1;{}m{:04}\x1b[0m \x1b[38;5;{}mword\x1b[m ",
            31 + (n + word) % 7,
            n % 10_000,
            (n * word) % 256
        )
    });
    words.collect::<String>() + "\r\n"
}

fn full_screen(n: usize) -> String {
    let row = |row: usize| {
        format!(
            "\x1b[{};1H\x1b[7m{:>5}\x1b[27m {:<100}\x1b[K",
            row + 1,
            n + row,
            "a row of a table that is drawn again and again"
        )
    };
    "\x1b[H".to_owned() + &(0..40).map(row).collect::<String>()
}

fn chinese_line(n: usize) -> String {
    format!("{n} 会话一直都在，关闭标签页、断网或升级服务器之后仍然继续运行，回来时屏幕和原来完全一样。\r\n")
}

fn main() {
    let mut args = std::env::args().skip(1);
    let kind = args.next().unwrap_or_default();
    let bytes = args
        .next()
        .and_then(|bytes| bytes.parse().ok())
        .unwrap_or(FED_BYTES);
    let Some((_, line)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        eprintln!("cost KIND [BYTES], where KIND is one of log, sgr, words, screen, chinese");
        std::process::exit(2);
    };
    let mut text = Vec::with_capacity(bytes + 8192);
    for number in 0.. {
        if text.len() >= bytes {
            break;
        }
        text.extend_from_slice(line(number).as_bytes());
    }
    let mut engine = Engine::new(Size::new(120, 40), SCROLLBACK, Offset::ZERO);
    feed(&mut engine, &text);
    black_box(&engine);
}

/// A function of its own, so that what makes the text is not counted.
#[inline(never)]
fn feed(engine: &mut Engine, text: &[u8]) {
    text.chunks(READ_BYTES).for_each(|read| engine.feed(read));
}
