//! A screen as an image: text in cells, in the colours of the page's dark theme. Nothing in it runs or is loaded.

use std::fmt::Write;

use sempre_protocol::colours::{Rgb, Theme};
use sempre_protocol::history::{HistoryLine, RunColour, RunStyle};
use sempre_protocol::limits::MAX_SIDE;
use sempre_protocol::programs::ScreenPage;
use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, Screen};

/// A cell, and the room around the screen, px.
const CELL: (f64, f64) = (8.4, 18.0);
const MARGIN: f64 = 12.0;
/// The page's dark theme, with the sixteen colours that xterm.js has.
const THEME: Theme = Theme {
    foreground: Rgb::new(0xd8_d8d8),
    background: Rgb::new(0x16_1616),
    cursor: Rgb::new(0xd8_d8d8),
    ansi: [
        Rgb::new(0x2e_3436),
        Rgb::new(0xcc_0000),
        Rgb::new(0x4e_9a06),
        Rgb::new(0xc4_a000),
        Rgb::new(0x34_65a4),
        Rgb::new(0x75_507b),
        Rgb::new(0x06_989a),
        Rgb::new(0xd3_d7cf),
        Rgb::new(0x55_5753),
        Rgb::new(0xef_2929),
        Rgb::new(0x8a_e234),
        Rgb::new(0xfc_e94f),
        Rgb::new(0x72_9fcf),
        Rgb::new(0xad_7fa8),
        Rgb::new(0x34_e2e2),
        Rgb::new(0xee_eeec),
    ],
};

/// The image.
pub(super) fn image(page: &ScreenPage) -> String {
    let width = f64::from(page.cols) * CELL.0 + 2.0 * MARGIN;
    let height = page.lines.len() as f64 * CELL.1 + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.1}\" height=\"{height:.1}\" \
         viewBox=\"0 0 {width:.1} {height:.1}\" font-family=\"ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace\" \
         font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" fill=\"{}\"/>\n",
        THEME.background
    );
    for (row, line) in page.lines.iter().enumerate() {
        draw(line, MARGIN + row as f64 * CELL.1, &mut svg);
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw(line: &HistoryLine, top: f64, svg: &mut String) {
    let mut column = 0;
    for run in &line.runs {
        let cells = cells_of(&run.text);
        let (x, width) = (MARGIN + column as f64 * CELL.0, cells as f64 * CELL.0);
        column += cells;
        let (front, back) = colours(&run.style);
        if back != THEME.background {
            let height = CELL.1;
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{back}\"/>"
            );
        }
        if run.text.trim().is_empty() && run.style.underline.is_none() || run.style.invisible {
            continue;
        }
        let base = top + CELL.1 * 0.75;
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{base:.1}\" textLength=\"{width:.1}\" fill=\"{front}\" xml:space=\"preserve\"{}>{}</text>",
            attributes(&run.style),
            escaped(&run.text)
        );
    }
}

/// Cells a text of one row takes: as many as the engine moves its cursor.
fn cells_of(text: &str) -> usize {
    let mut engine = Engine::new(Size::new(MAX_SIDE, 1), 0, Offset::ZERO);
    engine.feed(text.as_bytes());
    engine.cursor().0.into()
}

fn attributes(style: &RunStyle) -> String {
    let mut lines = Vec::new();
    for (is, word) in [
        (style.underline.is_some(), "underline"),
        (style.strikethrough, "line-through"),
        (style.overline, "overline"),
    ] {
        lines.extend(is.then_some(word));
    }
    let mut text = String::new();
    for (is, attribute) in [
        (style.bold, " font-weight=\"bold\""),
        (style.italic, " font-style=\"italic\""),
        (style.dim, " opacity=\"0.6\""),
    ] {
        if is {
            text.push_str(attribute);
        }
    }
    if !lines.is_empty() {
        let _ = write!(text, " text-decoration=\"{}\"", lines.join(" "));
    }
    text
}

fn colours(style: &RunStyle) -> (Rgb, Rgb) {
    let front = style.foreground.map_or(THEME.foreground, colour);
    let back = style.background.map_or(THEME.background, colour);
    if style.inverse {
        (back, front)
    } else {
        (front, back)
    }
}

fn colour(colour: RunColour) -> Rgb {
    match colour {
        RunColour::Rgb(rgb) => rgb,
        RunColour::Indexed(number) => THEME.indexed(number),
    }
}

/// Text that is text, in XML: control characters have no place there.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use sempre_protocol::history::HistoryRun;
    use sempre_protocol::programs::ScreenCursor;

    use super::*;

    #[test]
    fn text_of_programs_is_no_markup() {
        let run = HistoryRun {
            text: "</text><script>\u{1b}".into(),
            style: RunStyle {
                foreground: Some(RunColour::Indexed(196)),
                inverse: true,
                ..RunStyle::default()
            },
            link: Some("javascript:alert(1)".into()),
        };
        let page = ScreenPage {
            offset: Offset(0),
            cols: 80,
            rows: 1,
            cursor: ScreenCursor {
                col: 0,
                row: 0,
                visible: true,
            },
            alternate: false,
            title: None,
            cwd: None,
            inexact: false,
            above: 0,
            lines: vec![HistoryLine {
                runs: vec![run],
                ..HistoryLine::default()
            }],
        };
        let svg = image(&page);
        assert!(!svg.contains("<script") && !svg.contains("javascript:"), "{svg}");
        assert!(
            svg.contains("fill=\"#ff0000\"/>") && svg.contains("&lt;script&gt;"),
            "{svg}"
        );
    }
}
