//! The screen engine by itself, in this process: output per CPU time, and memory.

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};
use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, Screen};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use super::{Measure, Round, Row};
use crate::contender::{Column, Server};
use crate::workload::Line;

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
fn streams() -> [(&'static str, Line); 4] {
    [
        ("ASCII log lines", log_line),
        ("dense SGR", coloured_line),
        ("full-screen program", full_screen),
        ("CJK", chinese_line),
    ]
}

fn repeated(line: Line) -> Vec<u8> {
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

/// Kinds of output with their goals, then memory.
pub(crate) struct EngineAlone;

/// Lines kept, and the goal in MiB.
const HEAPS: [(usize, &str); 2] = [(5_000, "≤ 1"), (100_000, "≤ 16")];
const GOALS: [&str; 4] = ["≥ 250", "≥ 130", "≥ 270", "≥ 150"];

impl Measure for EngineAlone {
    fn name(&self) -> &'static str {
        "engine"
    }

    fn rows(&self) -> Vec<Row> {
        let names = streams().map(|(name, _)| name).into_iter().zip(GOALS);
        let rates =
            names.map(|(name, goal)| Row::plain(format!("screen engine, {name}, MB per CPU s"), 0, goal));
        let heaps = HEAPS.map(|(lines, goal)| {
            Row::plain(
                format!("screen engine, heap of {lines} lines × 120, MiB"),
                2,
                goal,
            )
        });
        rates.chain(heaps).collect()
    }

    fn takes(&self, column: Column) -> bool {
        column == Column::Sempre
    }

    fn round(&self, _server: &dyn Server) -> anyhow::Result<Round> {
        let rates = streams().map(|(_, line)| {
            let bytes = repeated(line);
            let (seconds, _) = timed(|| fed(SCROLLBACK, &bytes));
            Some(bytes.len() as f64 / 1e6 / seconds)
        });
        let heaps = HEAPS.map(|(lines, _)| Some(heap_mib(lines)));
        Ok(rates.into_iter().chain(heaps).collect())
    }
}

fn heap_mib(lines: usize) -> f64 {
    let text = plain(lines + 40);
    let region = Region::new(ALLOCATOR);
    let engine = black_box(fed(lines, &text));
    let change = region.change();
    drop(engine);
    (change.bytes_allocated as f64 - change.bytes_deallocated as f64) / 1024.0 / 1024.0
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
