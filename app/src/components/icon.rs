//! The icons, drawn in place: no font, no request.

use leptos::prelude::*;

/// Which icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// A plus sign.
    Add,
    /// A cross.
    Close,
    /// Two documents.
    Copy,
    /// An arrow to a line.
    Download,
    /// An arrow down.
    Down,
    /// A clock with an arrow back.
    History,
    /// A keyboard.
    Keyboard,
    /// Corners outwards.
    Maximise,
    /// Corners inwards.
    Restore,
    /// The moon.
    Moon,
    /// An arrow out of a window.
    PopOut,
    /// A circle of an arrow.
    Again,
    /// A magnifying glass.
    Search,
    /// Lines with a dot: what there is to know.
    Details,
    /// A square: end it.
    Stop,
    /// The sun.
    Sun,
    /// A half-filled circle: as the system has it.
    System,
    /// A bin.
    Remove,
    /// A prompt.
    Terminal,
    /// An arrow up.
    Up,
}

impl Icon {
    /// Path data on a 16 × 16 field, to be stroked.
    fn path(self) -> &'static str {
        match self {
            Self::Add => "M8 3v10M3 8h10",
            Self::Close => "M3.5 3.5l9 9M12.5 3.5l-9 9",
            Self::Copy => "M6 5.5h7v8H6zM10 5.5v-3H3v8h3",
            Self::Download => "M8 2.5v7.5M4.5 7L8 10.5 11.5 7M3 13.5h10",
            Self::Down => "M8 3v10M3.5 8.5L8 13l4.5-4.5",
            Self::History => "M2.5 8a5.5 5.5 0 1 0 1.7-4M2.5 2.5v2.8h2.8M8 5v3.2l2.2 1.3",
            Self::Keyboard => "M1.5 4h13v8.5h-13zM4 6.8h.01M6.7 6.8h.01M9.3 6.8h.01M12 6.8h.01M5 9.8h6",
            Self::Maximise => "M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5L9 7M2.5 13.5L7 9",
            Self::Restore => "M13 7H9V3M3 9h4v4M9 7l4.5-4.5M7 9l-4.5 4.5",
            Self::Moon => "M13.2 9.8A5.7 5.7 0 0 1 6.2 2.8a5.7 5.7 0 1 0 7 7z",
            Self::PopOut => "M9.5 2.5h4v4M13.5 2.5L8 8M6.5 3.5h-4v10h10v-4",
            Self::Again => "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.8h-2.8",
            Self::Search => "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3l3.2 3.2",
            Self::Details => "M2.5 4h.01M2.5 8h.01M2.5 12h.01M5.5 4h8M5.5 8h8M5.5 12h5",
            Self::Stop => "M4 4h8v8H4z",
            Self::Sun => {
                "M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7"
            }
            Self::System => "M8 13.5a5.5 5.5 0 1 0 0-11zM8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5v11M10 4v8M12 5.5v5",
            Self::Remove => "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9",
            Self::Terminal => "M3.5 4l4 4-4 4M8.5 12.5h4.5",
            Self::Up => "M8 13V3M3.5 7.5L8 3l4.5 4.5",
        }
    }
}

/// An icon beside a name; on its own it says nothing to a screen reader.
#[component]
pub fn IconView(
    /// Which.
    #[prop(into)]
    icon: Signal<Icon>,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d=move || icon.get().path() />
        </svg>
    }
    .into_any()
}
