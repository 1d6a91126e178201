//! A line as readers see it: runs of text in one style. Not how rows are stored.

use crate::Rgb;

/// A colour as the program named it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Colour {
    /// The display's own.
    #[default]
    Default,
    /// One of the 256 of the palette.
    Indexed(u8),
    /// Mixed by the program.
    Rgb(Rgb),
}

/// How text is underlined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Underline {
    /// Not.
    #[default]
    None,
    /// One line.
    Single,
    /// Two lines.
    Double,
    /// A wave.
    Curly,
    /// Dots.
    Dotted,
    /// Dashes.
    Dashed,
}

/// How text looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each field is the name of what it switches")]
pub struct Style {
    /// The text's colour.
    pub foreground: Colour,
    /// The colour behind it.
    pub background: Colour,
    /// The underline's colour; the default is the text's.
    pub underline_colour: Colour,
    /// The underline.
    pub underline: Underline,
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub blink: bool,
    pub inverse: bool,
    pub invisible: bool,
    pub strikethrough: bool,
    pub overline: bool,
}

/// Text in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The text; cells never written are spaces.
    pub text: String,
    /// How it looks.
    pub style: Style,
    /// Where it links to (OSC 8), as the program wrote it: not to be trusted.
    pub link: Option<String>,
}

/// One row of the screen or of what scrolled off it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// It goes on from the row above: no line end stands between them.
    pub wrapped: bool,
    /// Its runs from the left; blank cells at the end are left out.
    pub runs: Vec<Run>,
}

impl Line {
    /// The text without style.
    pub fn text(&self) -> String {
        self.runs.iter().map(|run| run.text.as_str()).collect()
    }
}
