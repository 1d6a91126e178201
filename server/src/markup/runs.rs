//! Runs of styled text as HTML: all text is escaped, styles are ours, links lead to http and https only.

use std::fmt::Write as _;

use sempre_protocol::colours::Theme;
use sempre_protocol::history::{HistoryRun, RunColour, RunStyle, RunUnderline};

use super::escape;

/// What surrounds the text.
#[derive(Debug, Clone, Copy)]
pub struct Surface {
    /// The colour of text without one of its own.
    pub foreground: &'static str,
    /// The colour behind it.
    pub background: &'static str,
    /// Links may be followed.
    pub links: bool,
}

/// Writes a run: text, in a `span` if it has a style, in an `a` if it leads somewhere.
pub fn write_run(html: &mut String, run: &HistoryRun, surface: &Surface) {
    let link = run.link.as_deref().filter(|link| surface.links && is_web(link));
    if let Some(link) = link {
        html.push_str("<a rel=\"noopener noreferrer nofollow\" href=\"");
        html.push_str(&escape(link));
        html.push_str("\">");
    }
    let style = css(&run.style, surface);
    if style.is_empty() {
        html.push_str(&escape(&run.text));
    } else {
        let _ = write!(html, "<span style=\"{style}\">");
        html.push_str(&escape(&run.text));
        html.push_str("</span>");
    }
    if link.is_some() {
        html.push_str("</a>");
    }
}

/// Whether an address a program wrote may be followed.
fn is_web(link: &str) -> bool {
    let scheme = link.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
}

/// Colours and decorations; nothing in it comes from the program but numbers.
fn css(style: &RunStyle, surface: &Surface) -> String {
    let mut css = String::new();
    let (mut text, mut behind) = (style.foreground.map(colour), style.background.map(colour));
    if style.inverse {
        (text, behind) = (
            Some(behind.unwrap_or_else(|| surface.background.to_owned())),
            Some(text.unwrap_or_else(|| surface.foreground.to_owned())),
        );
    }
    if style.invisible {
        text = Some("transparent".to_owned());
    }
    let mut add = |property: &str, value: &str| {
        let _ = write!(css, "{property}:{value};");
    };
    if let Some(text) = text {
        add("color", &text);
    }
    if let Some(behind) = behind {
        add("background", &behind);
    }
    if style.bold {
        add("font-weight", "bold");
    }
    if style.dim {
        add("opacity", "0.6");
    }
    if style.italic {
        add("font-style", "italic");
    }
    let lines = [
        (style.underline.is_some(), "underline"),
        (style.strikethrough, "line-through"),
        (style.overline, "overline"),
    ];
    let lines: Vec<_> = lines
        .iter()
        .filter(|(on, _)| *on)
        .map(|(_, line)| *line)
        .collect();
    if !lines.is_empty() {
        add("text-decoration-line", &lines.join(" "));
    }
    if let Some(kind) = style.underline.and_then(underline) {
        add("text-decoration-style", kind);
    }
    if let Some(own) = style.underline_colour {
        add("text-decoration-color", &colour(own));
    }
    css
}

fn underline(underline: RunUnderline) -> Option<&'static str> {
    match underline {
        RunUnderline::Single => None,
        RunUnderline::Double => Some("double"),
        RunUnderline::Curly => Some("wavy"),
        RunUnderline::Dotted => Some("dotted"),
        RunUnderline::Dashed => Some("dashed"),
    }
}

fn colour(colour: RunColour) -> String {
    match colour {
        RunColour::Rgb(rgb) => rgb.to_string(),
        RunColour::Indexed(index) => Theme::default().indexed(index).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DARK: Surface = Surface {
        foreground: "#d4d4d4",
        background: "#1e1e1e",
        links: true,
    };

    fn run(text: &str, style: RunStyle, link: Option<&str>) -> String {
        let mut html = String::new();
        let link = link.map(str::to_owned);
        let run = HistoryRun {
            text: text.into(),
            style,
            link,
        };
        write_run(&mut html, &run, &DARK);
        html
    }

    #[test]
    fn what_a_program_prints_is_text() {
        let plain = RunStyle::default();
        assert_eq!(run("<script>\"&'", plain, None), "&lt;script&gt;&quot;&amp;&#39;");
        for dead in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//evil.test",
            "java\nscript://x",
        ] {
            assert_eq!(run("x", plain, Some(dead)), "x", "{dead}");
        }
        assert_eq!(
            run("x", plain, Some("https://a.test/?\"onclick=\"1")),
            "<a rel=\"noopener noreferrer nofollow\" href=\"https://a.test/?&quot;onclick=&quot;1\">x</a>"
        );
    }

    #[test]
    fn styles_are_inline() {
        let style = RunStyle {
            foreground: Some(RunColour::Indexed(1)),
            inverse: true,
            bold: true,
            underline: Some(RunUnderline::Curly),
            ..RunStyle::default()
        };
        assert_eq!(
            run("a", style, None),
            "<span style=\"color:#1e1e1e;background:#cd0000;font-weight:bold;text-decoration-line:underline;text-decoration-style:wavy;\">a</span>"
        );
    }

    #[test]
    fn where_nothing_may_be_followed_nothing_leads_anywhere() {
        let surface = Surface { links: false, ..DARK };
        let run = HistoryRun {
            text: "x".into(),
            link: Some("https://a.test/".into()),
            ..HistoryRun::default()
        };
        let mut html = String::new();
        write_run(&mut html, &run, &surface);
        assert_eq!(html, "x");
    }
}
