//! Random output, made of what terminals know: weighted towards sequences that xterm.js does something for.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use sempre_protocol::Size;

use crate::script::{Op, Script};

/// Pieces of text: plain, wide, joined, marks alone.
const TEXTS: [&str; 28] = [
    "a",
    "b",
    "hello",
    "word word",
    " ",
    "    ",
    "漢",
    "字漢字",
    "한",
    "é",
    "e\u{301}",
    "\u{301}",
    "o\u{302}\u{323}",
    "😀",
    "👍🏽",
    "👨\u{200d}👩\u{200d}👧",
    "🇨🇭",
    "🇨",
    "❤",
    "\u{fe0f}",
    "\u{200d}",
    "ｱ",
    "│",
    "क्षि",
    "\u{600}",
    "lqk",
    "—",
    "0123456789abcdefghijklmnop",
];

/// Controls of one byte, each as likely as it is written often.
const CONTROLS: &[u8] = b"\r\r\r\n\n\n\n\x08\x08\t\t\x0b\x0c\x0e\x0f\x07\x00\x7f\x18\x1a\x05";

/// `CSI n final`.
const WITH_COUNT: &[u8] = b"ABCDEFGHIJKLMPSTXZ@`abdefgjnqsux";

/// SGR parameters, several of which make one sequence.
const ATTRIBUTES: [&str; 44] = [
    "0",
    "",
    "1",
    "2",
    "3",
    "4",
    "5",
    "7",
    "8",
    "9",
    "21",
    "22",
    "23",
    "24",
    "25",
    "27",
    "28",
    "29",
    "53",
    "55",
    "31",
    "37",
    "39",
    "41",
    "44",
    "49",
    "94",
    "104",
    "4:0",
    "4:1",
    "4:2",
    "4:3",
    "4:4",
    "4:5",
    "38;5;9",
    "38;5;200",
    "48;5;17",
    "38;2;1;2;3",
    "48:2::4:5:6",
    "38:5:99",
    "58;5;3",
    "58:2::7:8:9",
    "59",
    "100",
];

/// Private modes; the other half of the time any number.
const MODES: [u16; 26] = [
    1, 3, 5, 6, 6, 7, 7, 8, 9, 12, 25, 40, 45, 47, 66, 1000, 1002, 1003, 1004, 1006, 1015, 1016, 1047, 1048,
    1049, 2004,
];

const REST: [&[u8]; 46] = [
    b"\x1b7",
    b"\x1b8",
    b"\x1bD",
    b"\x1bE",
    b"\x1bM",
    b"\x1bM",
    b"\x1bH",
    b"\x1bc",
    b"\x1b=",
    b"\x1b>",
    b"\x1b(0",
    b"\x1b(B",
    b"\x1b)0",
    b"\x1b*A",
    b"\x1b(K",
    b"\x1bn",
    b"\x1bo",
    b"\x1b|",
    b"\x1b#8",
    b"\x1b[!p",
    b"\x1b[s",
    b"\x1b[u",
    b"\x1b[4h",
    b"\x1b[4l",
    b"\x1b[20h",
    b"\x1b[20l",
    b"\x1b[r",
    b"\x1b[3g",
    b"\x1b[1\"q",
    b"\x1b[0\"q",
    b"\x1b[?2J",
    b"\x1b[?1K",
    b"\x1b[5 q",
    b"\x1b[2 @",
    b"\x1b[2 A",
    b"\x1b[2'}",
    b"\x1b[2'~",
    b"\x1b[?2026h",
    b"\x1b[?2026l",
    b"\xc2\x9b2C",
    b"\xc2\x84",
    b"\xc2\x85",
    b"\xc2\x8d",
    b"\xc2\x88",
    b"\x9b2C",
    b"\x1b\\",
];

/// Strings to the terminal, their ends, and what ends them badly.
const STRINGS: [&[u8]; 18] = [
    b"\x1b]0;title\x07",
    b"\x1b]2;\xc3\xa4 title\x1b\\",
    b"\x1b]8;;http://a\x1b\\",
    b"\x1b]8;;http://b\x07",
    b"\x1b]8;id=x;http://c\x1b\\",
    b"\x1b]8;id=y:k=v;http://c?a;b\x07",
    b"\x1b]8;;\x1b\\",
    b"\x1b]8;;\x1b\\",
    b"\x1b]4;1;#ff0000\x07",
    b"\x1b]4;1;rgb:12/34/56;7;#abc\x1b\\",
    b"\x1b]10;#010203;rgb:ff/ff/ff\x07",
    b"\x1b]104;1\x07",
    b"\x1b]104\x07",
    b"\x1b]111\x07",
    b"\x1bP1$r0m\x1b\\",
    b"\x1b_apc\x1b\\",
    b"\x1b]2;never ends",
    b"\x1b]2;ended by \x18",
];

const BAD: [&[u8]; 12] = [
    b"\xff",
    b"\xc3",
    b"\xe6\xbc",
    b"\xf0\x9f\x98",
    b"\x80",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"\xf5\x80\x80\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x80",
    b"\x1b[",
    b"\x1b",
];

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just(String::new()),
        8 => (0..13_u32).prop_map(|n| n.to_string()),
        2 => (0..60_u32).prop_map(|n| n.to_string()),
        1 => select(vec!["999", "-1", "1:2", ";", "3;"]).prop_map(str::to_owned),
    ]
}

fn bytes(text: impl Into<Vec<u8>>) -> Op {
    Op::Write(text.into())
}

fn moves() -> impl Strategy<Value = Op> {
    let counted = (number(), select(WITH_COUNT))
        .prop_map(|(count, last)| bytes(format!("\x1b[{count}{}", char::from(last))));
    let placed = (number(), number(), select(vec!["H", "f", "r", "r"]))
        .prop_map(|(a, b, last)| bytes(format!("\x1b[{a};{b}{last}")));
    prop_oneof![3 => counted, 2 => placed]
}

fn attributes() -> impl Strategy<Value = Op> {
    vec(select(&ATTRIBUTES[..]), 1..4).prop_map(|list| bytes(format!("\x1b[{}m", list.join(";"))))
}

fn modes() -> impl Strategy<Value = Op> {
    (select(&MODES[..]), select(vec!['h', 'l'])).prop_map(|(mode, last)| bytes(format!("\x1b[?{mode}{last}")))
}

/// One piece of output.
pub(crate) fn output() -> impl Strategy<Value = Op> {
    prop_oneof![
        10 => select(&TEXTS[..]).prop_map(bytes),
        3 => (select(&TEXTS[..]), 2..24_usize).prop_map(|(text, times)| bytes(text.repeat(times))),
        6 => select(CONTROLS).prop_map(|control| bytes(vec![control])),
        2 => select(CONTROLS).prop_map(|control| bytes(vec![control; 5])),
        10 => moves(),
        5 => attributes(),
        4 => modes(),
        5 => select(&REST[..]).prop_map(bytes),
        3 => select(&STRINGS[..]).prop_map(bytes),
        1 => select(&BAD[..]).prop_map(bytes),
    ]
}

/// Small enough that edges are met all the time; xterm.js has at least two columns.
pub(crate) fn size() -> impl Strategy<Value = Size> {
    prop_oneof![
        4 => (2..14_u16, 2..6_u16),
        2 => (2..40_u16, 2..12_u16),
    ]
    .prop_map(|(cols, rows)| Size::new(cols, rows))
}

/// A life of up to `length` pieces; `resizes`: the window changes too.
///
/// One thing of a resized terminal cannot be told by any snapshot, so that it does not happen here: a character that may be
/// joined though the window cut it off.
pub(crate) fn script(length: usize, resizes: bool) -> impl Strategy<Value = Script> {
    let resize = size().prop_map(|size| vec![Op::Resize(size), bytes("\x1b[m")]);
    let ops = prop_oneof![
        if resizes { 1 } else { 0 } => resize,
        12 => output().prop_map(|op| vec![op]),
    ];
    let segments = vec(vec(ops, 1..6), 1..length / 3 + 2);
    (size(), select(vec![0, 1, 5, 30]), segments).prop_map(|(size, scrollback, segments)| Script {
        name: "random".to_owned(),
        size,
        scrollback,
        segments: without_wide_overflow(segments.into_iter().map(|ops| ops.concat()).collect()),
    })
}

/// Where lines don't wrap, what xterm.js does after a wide character that doesn't fit depends on how its input was cut;
/// so wide text and that mode don't meet here.
fn without_wide_overflow(mut segments: Vec<Vec<Op>>) -> Vec<Vec<Op>> {
    let wide = |op: &Op| matches!(op, Op::Write(bytes) if bytes.iter().any(|byte| *byte >= 0xc3));
    if segments.iter().flatten().any(wide) {
        let no_wrap = bytes("\x1b[?7l");
        segments
            .iter_mut()
            .for_each(|ops| ops.retain(|op| *op != no_wrap));
        segments.retain(|ops| !ops.is_empty());
    }
    segments
}
