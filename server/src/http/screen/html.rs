//! A screen as HTML.

use std::fmt::Write as _;

use sempre_protocol::programs::ScreenPage;

use crate::markup::{Surface, escape, write_run};

const SURFACE: Surface = Surface {
    foreground: "#d4d4d4",
    background: "#1e1e1e",
    links: true,
};

/// One `pre` element, with the title as its label.
pub(super) fn page(page: &ScreenPage) -> String {
    let mut html = String::from("<pre class=\"sempre-screen\"");
    let _ = write!(
        html,
        " data-offset=\"{}\" data-cols=\"{}\"",
        page.offset, page.cols
    );
    if let Some(title) = &page.title {
        html.push_str(" aria-label=\"");
        html.push_str(&escape(title));
        html.push('"');
    }
    let Surface {
        foreground,
        background,
        ..
    } = SURFACE;
    let _ = writeln!(html, " style=\"color:{foreground};background:{background}\">");
    for line in &page.lines {
        line.runs
            .iter()
            .for_each(|run| write_run(&mut html, run, &SURFACE));
        html.push('\n');
    }
    html.push_str("</pre>\n");
    html
}
