//! The screen engine by itself: CPU time per megabyte of output, memory, snapshots.

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};
use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, Screen};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use crate::ROUNDS;
use crate::rounds::Spread;

/// Counts what the engine allocates.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

/// Output fed per round, bytes.
const FED_BYTES: usize = 16 * 1024 * 1024;
const SIZE: Size = Size::new(120, 40);
const SCROLLBACK: usize = 5_000;

/// CPU time of this thread, seconds.
fn cpu_s() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = cpu_s();
    let result = black_box(work());
    (cpu_s() - start, result)
}

/// Kinds of output by name.
fn streams() -> [(&'static str, Vec<u8>); 4] {
    [
        ("ASCII log lines", repeated(log_line)),
        ("dense SGR", repeated(coloured_line)),
        ("full-screen program", repeated(full_screen)),
        ("CJK", repeated(chinese_line)),
    ]
}

fn repeated(line: impl Fn(usize) -> String) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(FED_BYTES + 8192);
    for number in 0.. {
        if bytes.len() >= FED_BYTES {
            break;
        }
        bytes.extend_from_slice(line(number).as_bytes());
    }
    bytes
}

fn log_line(number: usize) -> String {
    format!(
        "2026-11-20T10:{:02}:{:02}Z INFO request handled path=/api/v1/items/{number} status=200 ms={}\r\n",
        number / 60 % 60,
        number % 60,
        number * 7 % 1000
    )
}

fn coloured_line(number: usize) -> String {
    let words = (0..12).map(|word| {
        format!(
            "\x1b[1;{}m{:04}\x1b[0m \x1b[38;5;{}mword\x1b[m ",
            31 + (number + word) % 7,
            number % 10_000,
            (number * word) % 256
        )
    });
    words.collect::<String>() + "\r\n"
}

fn full_screen(number: usize) -> String {
    let mut text = String::from("\x1b[H");
    for row in 0..40 {
        text += &format!(
            "\x1b[{};1H\x1b[7m{:>5}\x1b[27m {:<100}\x1b[K",
            row + 1,
            number + row,
            "a row of a table that is drawn again and again"
        );
    }
    text
}

fn chinese_line(number: usize) -> String {
    format!(
        "{number} 会话一直都在，关闭标签页、断网或升级服务器之后仍然继续运行，回来时屏幕和原来完全一样。\r\n"
    )
}

/// Prints the tables.
pub(crate) fn measure() {
    println!("| screen engine, {SIZE} | MB per s of CPU |\n|---|---|");
    for (name, bytes) in streams() {
        let rates = (0..ROUNDS).map(|_| {
            let (seconds, _) = timed(|| fed(SCROLLBACK, &bytes));
            bytes.len() as f64 / 1e6 / seconds
        });
        println!("| {name} | {} |", Spread::of(rates).show(0));
    }
    println!("\n| lines × 120 | heap, MiB | snapshot, ms | bytes |\n|---|---|---|---|");
    for lines in [5_000_usize, 100_000] {
        let text = plain(lines + 40);
        let region = Region::new(ALLOCATOR);
        let engine = fed(lines, &text);
        let change = region.change();
        let held = change.bytes_allocated as f64 - change.bytes_deallocated as f64;
        let mut bytes = 0;
        let times = (0..ROUNDS).map(|_| {
            let (seconds, ansi) = timed(|| engine.snapshot(lines));
            bytes = ansi.len();
            seconds * 1e3
        });
        let times = Spread::of(times).show(2);
        println!("| {lines} | {:.2} | {times} | {bytes} |", held / 1024.0 / 1024.0);
    }
    println!();
}

fn fed(scrollback: usize, bytes: &[u8]) -> Engine {
    let mut engine = Engine::new(SIZE, scrollback, Offset::ZERO);
    engine.feed(bytes);
    engine
}

fn plain(lines: usize) -> Vec<u8> {
    let line = |number| format!("{number:0119}\r\n").replacen('0', "x", 40);
    (0..lines).map(line).collect::<String>().into_bytes()
}
