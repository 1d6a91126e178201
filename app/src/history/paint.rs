//! How rows look: colours of the page's theme, every text readable on what is behind it, matches marked.

use std::fmt::Write;

use sempre_protocol::colours::{Rgb, Theme};
use sempre_protocol::history::RunUnderline;

use super::row::{Colour, Row, Run};

/// Text on its ground must reach this contrast (WCAG AA).
const CONTRAST: f32 = 4.5;

/// Whether a piece is part of what was searched for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Marked {
    /// No.
    #[default]
    No,
    /// Of a match.
    Match,
    /// Of the match that was gone to.
    Current,
}

/// Text in one look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Piece {
    /// Plain text, line ends included; empty: the row goes on in the next one, which is no line end.
    pub text: String,
    /// Inline CSS of fixed words, numbers and colours; empty: as everything around it.
    pub style: String,
    /// Where it leads: http or https only.
    pub link: Option<String>,
    /// Part of a match.
    pub marked: Marked,
}

/// A match's part on a row, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) row: u64,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) marked: Marked,
}

/// The rows as pieces.
pub(super) fn pieces(rows: &[Row], marks: &[Mark], theme: &Theme) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            pieces.push(Piece {
                text: if row.wrapped { String::new() } else { "\n".into() },
                ..Piece::default()
            });
        }
        let marks: Vec<_> = marks.iter().filter(|mark| mark.row == row.number).collect();
        let mut at = 0;
        for run in &row.runs {
            run_pieces(run, &mut at, &marks, theme, &mut pieces);
        }
    }
    pieces
}

/// Cuts a run where marks begin and end; `at` counts the row's characters.
fn run_pieces(run: &Run, at: &mut u32, marks: &[&Mark], theme: &Theme, pieces: &mut Vec<Piece>) {
    let style = css(run, theme);
    let link = run.link.as_ref().filter(|link| crate::format::is_web_link(link));
    let mut rest = run.text.as_str();
    while !rest.is_empty() {
        let mark = marks.iter().find(|mark| (mark.start..mark.end).contains(at));
        let until = match mark {
            Some(mark) => mark.end,
            None => marks
                .iter()
                .map(|mark| mark.start)
                .filter(|start| start > at)
                .min()
                .unwrap_or(u32::MAX),
        };
        let cut = rest
            .char_indices()
            .nth((until - *at) as usize)
            .map_or(rest.len(), |(cut, _)| cut);
        let (head, tail) = rest.split_at(cut);
        *at += head.chars().count() as u32;
        rest = tail;
        pieces.push(Piece {
            text: head.to_owned(),
            style: style.clone(),
            link: link.cloned(),
            marked: mark.map_or(Marked::No, |mark| mark.marked),
        });
    }
}

fn css(run: &Run, theme: &Theme) -> String {
    let bright = |colour| match colour {
        Colour::Indexed(index @ 0..8) if run.bold => Colour::Indexed(index + 8),
        colour => colour,
    };
    let named = Colour::read(run.foreground.as_ref()).map(|colour| mixed(bright(colour), theme));
    let behind = Colour::read(run.background.as_ref()).map(|colour| mixed(colour, theme));
    let (text, ground) = match run.inverse {
        true => (
            Some(behind.unwrap_or(theme.background)),
            Some(named.unwrap_or(theme.foreground)),
        ),
        false => (named, behind),
    };
    let under = ground.unwrap_or(theme.background);
    let mut css = String::new();
    // Writing to a string does not fail.
    if text.is_some() || ground.is_some() || run.dim {
        let text = text.unwrap_or(theme.foreground);
        let text = if run.dim { blend(text, under, 3) } else { text };
        let _ = write!(css, "color:{};", readable(text, under));
    }
    if let Some(ground) = ground {
        let _ = write!(css, "background:{ground};");
    }
    let lines = [
        (run.underline.is_some(), " underline"),
        (run.strikethrough, " line-through"),
        (run.overline, " overline"),
    ];
    if lines.iter().any(|(set, _)| *set) {
        css.push_str("text-decoration:");
        lines
            .iter()
            .filter(|(set, _)| *set)
            .for_each(|(_, word)| css.push_str(word));
        css.push_str(run.underline.map_or("", underline_style));
        if let Some(colour) = Colour::read(run.underline_colour.as_ref()) {
            let _ = write!(css, " {}", mixed(colour, theme));
        }
        css.push(';');
    }
    for (set, words) in [
        (run.bold, "font-weight:700;"),
        (run.italic, "font-style:italic;"),
        (run.invisible, "color:transparent;"),
    ] {
        css.push_str(if set { words } else { "" });
    }
    css
}

fn underline_style(underline: RunUnderline) -> &'static str {
    match underline {
        RunUnderline::Single => "",
        RunUnderline::Double => " double",
        RunUnderline::Curly => " wavy",
        RunUnderline::Dotted => " dotted",
        RunUnderline::Dashed => " dashed",
    }
}

fn mixed(colour: Colour, theme: &Theme) -> Rgb {
    match colour {
        Colour::Mixed(rgb) => rgb,
        Colour::Indexed(index) => theme.indexed(index),
    }
}

/// `parts` tenths of the way from one colour to another.
fn blend(from: Rgb, to: Rgb, parts: u16) -> Rgb {
    let mix = |from: u8, to: u8| ((u16::from(from) * (10 - parts) + u16::from(to) * parts) / 10) as u8;
    Rgb {
        red: mix(from.red, to.red),
        green: mix(from.green, to.green),
        blue: mix(from.blue, to.blue),
    }
}

/// Relative luminance as WCAG has it, its curve by a polynomial within 0.002 of it.
fn luminance(colour: Rgb) -> f32 {
    let linear = |channel: u8| {
        let value = f32::from(channel) / 255.0;
        value * (value * (value * 0.305_306_01 + 0.682_171_1) + 0.012_522_878)
    };
    0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue)
}

/// The colour, moved towards white or black as far as it takes to be read on `ground`.
fn readable(colour: Rgb, ground: Rgb) -> Rgb {
    let behind = luminance(ground);
    let contrast = |colour| {
        let text = luminance(colour);
        (text.max(behind) + 0.05) / (text.min(behind) + 0.05)
    };
    let end = if behind < 0.18 { 0xff_ff_ff } else { 0 };
    let end = Rgb::new(end);
    let tries = (0..=10).map(|parts| blend(colour, end, parts));
    // A little more than asked, for what the polynomial leaves out.
    tries
        .into_iter()
        .find(|&colour| contrast(colour) >= CONTRAST * 1.06)
        .unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::NumberOrWord;
    use crate::term::{DARK, LIGHT};

    fn run(text: &str) -> Run {
        Run {
            text: text.into(),
            ..Run::default()
        }
    }

    fn row(number: u64, wrapped: bool, runs: Vec<Run>) -> Row {
        Row {
            number,
            wrapped,
            runs,
        }
    }

    fn exact_luminance(colour: Rgb) -> f64 {
        let channel = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(colour.red) + 0.7152 * channel(colour.green) + 0.0722 * channel(colour.blue)
    }

    fn exact_contrast(a: Rgb, b: Rgb) -> f64 {
        let (a, b) = (exact_luminance(a), exact_luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_reads_on_every_ground() {
        for palette in [&DARK, &LIGHT] {
            let theme = palette.told();
            for ground in 0..=255 {
                for text in 0..=255 {
                    let (text, ground) = (
                        mixed(Colour::Indexed(text), &theme),
                        mixed(Colour::Indexed(ground), &theme),
                    );
                    let ratio = exact_contrast(readable(text, ground), ground);
                    assert!(ratio >= 4.5, "{text} on {ground}: {ratio:.2}");
                }
            }
        }
    }

    #[test]
    fn a_colour_that_reads_is_left_alone() {
        let theme = DARK.told();
        let red = Run {
            foreground: Some(NumberOrWord::Number(1)),
            ..run("x")
        };
        assert_eq!(css(&red, &theme), "color:#ff7b72;");
        assert_eq!(css(&run("x"), &theme), "");
    }

    #[test]
    fn styles_become_css() {
        let theme = DARK.told();
        let styled = Run {
            foreground: Some(NumberOrWord::Number(1)),
            background: Some(NumberOrWord::Number(196)),
            underline: Some(RunUnderline::Curly),
            strikethrough: true,
            bold: true,
            inverse: true,
            ..run("x")
        };
        let css = css(&styled, &theme);
        assert!(
            css.contains("background:#ff9d96;"),
            "bold is bright, inverse is behind: {css}"
        );
        assert!(
            css.contains("text-decoration: underline line-through wavy;") && css.contains("font-weight:700;"),
            "{css}"
        );
    }

    #[test]
    fn rows_end_where_lines_end() {
        let rows = [
            row(5, false, vec![run("a")]),
            row(6, true, vec![run("b")]),
            row(7, false, vec![run("c")]),
        ];
        let texts: Vec<_> = pieces(&rows, &[], &DARK.told())
            .into_iter()
            .map(|piece| piece.text)
            .collect();
        assert_eq!(texts, ["a", "", "b", "\n", "c"]);
    }

    #[test]
    fn matches_are_marked_by_characters_across_runs() {
        let rows = [row(5, false, vec![run("Grüße"), run(" an alle")])];
        let mark = |start, end, marked| Mark {
            row: 5,
            start,
            end,
            marked,
        };
        let marks = [mark(2, 7, Marked::Current), mark(9, 10, Marked::Match)];
        let found: Vec<_> = pieces(&rows, &marks, &DARK.told())
            .into_iter()
            .map(|piece| (piece.text, piece.marked))
            .collect();
        let found: Vec<_> = found
            .iter()
            .map(|(text, marked)| (text.as_str(), *marked))
            .collect();
        assert_eq!(
            found,
            [
                ("Gr", Marked::No),
                ("üße", Marked::Current),
                (" a", Marked::Current),
                ("n ", Marked::No),
                ("a", Marked::Match),
                ("lle", Marked::No),
            ]
        );
    }

    #[test]
    fn only_web_links_lead_anywhere() {
        let link = |uri: &str| {
            let run = Run {
                link: Some(uri.into()),
                ..run("x")
            };
            pieces(&[row(0, false, vec![run])], &[], &DARK.told())
                .remove(0)
                .link
        };
        assert_eq!(
            link("https://example.org/").as_deref(),
            Some("https://example.org/")
        );
        assert!(link("HTTP://example.org/").is_some());
        for dead in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//x",
            "file:///etc/passwd",
            "javascript://http://x",
        ] {
            assert_eq!(link(dead), None, "{dead}");
        }
    }
}
