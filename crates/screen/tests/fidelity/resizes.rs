//! What a change of size does to single things that recordings met once: each as small as it can be.

use sempre_protocol::Size;

use crate::oracle::Oracle;
use crate::random::wrong_snapshot;
use crate::script::{Op, Script};
use crate::verdict::Care;
use crate::views;

/// Output, then other sizes one after the other, with the same output between them.
fn expect_the_same(name: &str, sizes: &[(u16, u16)], first: &str, between: &str) {
    let mut sizes = sizes.iter().map(|&(cols, rows)| Size::new(cols, rows));
    let mut script = Script {
        name: name.to_owned(),
        size: sizes.next().unwrap(),
        scrollback: 30,
        segments: vec![vec![Op::Write(first.into())]],
    };
    for size in sizes {
        script.segments.push(vec![Op::Resize(size)]);
        script.segments.push(vec![Op::Write(between.into())]);
    }
    let mut oracle = Oracle::start();
    assert_eq!(views::first_difference(&mut oracle, &script), None);
    assert_eq!(wrong_snapshot(&mut oracle, &script, Care::default()), None);
}

#[test]
fn lines_below_the_cursor_that_make_room_for_each_other() {
    let lines: String = (0..10)
        .map(|n| format!("\x1b[{};1H{n} words that need more rows", n + 1))
        .collect();
    for row in 1..=10 {
        let first = format!("{lines}\x1b[{row};1H");
        expect_the_same("below", &[(40, 10), (12, 10), (9, 7), (40, 10)], &first, "x");
    }
}

#[test]
fn tab_stops_that_a_narrower_window_hides() {
    expect_the_same(
        "tabs",
        &[(60, 4), (22, 4), (50, 4), (80, 4)],
        "\x1b[3g\x1b[6G\x1bH\x1b[22G\x1bH\x1b[23G\x1bH\x1b[41G\x1bH\r",
        "\ta\tb\tc\td\te\tf\tg\r\n",
    );
}

#[test]
fn characters_of_several_code_points_in_lines_that_are_wrapped_anew() {
    let line = "e\u{301} 12 o\u{323}\u{302} 345 a\u{308}\u{331} 67 ".repeat(4);
    expect_the_same(
        "clusters",
        &[(60, 8), (37, 8), (32, 8), (17, 8), (60, 8)],
        &format!("{line}\r\n{line}\r\n$ "),
        "\x1b[m",
    );
}

#[test]
fn sequences_and_characters_that_go_on_in_another_size() {
    let (first, rest) = ("abc \x1b[3", "1mred\r\n");
    expect_the_same("sequence", &[(20, 5), (11, 5), (30, 3)], first, rest);
    expect_the_same(
        "string",
        &[(20, 5), (11, 5), (30, 3)],
        "abc \x1b]2;ti",
        "tle\x1b\\d",
    );
    expect_the_same("cluster", &[(20, 5), (11, 5), (30, 3)], "abc e", "\u{301}f");
}
