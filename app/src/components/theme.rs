//! Light, dark, or as the system has it.

use leptos::prelude::*;

use super::{Icon, IconView};
use crate::browser::{page, storage};

const KEY: &str = "sempre.theme";

/// What a person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    System,
    Light,
    Dark,
}

impl Choice {
    fn word(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    fn of(word: Option<&str>) -> Self {
        match word {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }

    fn shown(self) -> (Icon, &'static str) {
        match self {
            Self::System => (Icon::System, "Colours: as the system"),
            Self::Light => (Icon::Sun, "Colours: light"),
            Self::Dark => (Icon::Moon, "Colours: dark"),
        }
    }
}

/// The colours of the page now.
#[derive(Clone, Copy)]
pub struct Theme {
    choice: RwSignal<Choice>,
    system_dark: RwSignal<bool>,
}

impl Theme {
    /// Whether they are dark; whoever reads it is told of changes.
    pub fn is_dark(self) -> bool {
        match self.choice.get() {
            Choice::System => self.system_dark.get(),
            Choice::Light => false,
            Choice::Dark => true,
        }
    }

    /// Whether they are dark, without being told of changes. Light if the page is gone.
    pub fn is_dark_now(self) -> bool {
        match self.choice.try_get_untracked() {
            Some(Choice::System) => self.system_dark.try_get_untracked().unwrap_or_default(),
            choice => choice == Some(Choice::Dark),
        }
    }
}

/// Provides [`Theme`] to all pages. The choice itself is in place before the first paint (see the shell).
pub fn provide_theme() {
    let theme = Theme {
        choice: RwSignal::new(Choice::System),
        system_dark: RwSignal::new(false),
    };
    provide_context(theme);
    Effect::new(move || {
        theme.choice.set(Choice::of(storage::browser_get(KEY).as_deref()));
        theme.system_dark.set(page::system_is_dark());
        // Kept by the effect, and gone with it.
        StoredValue::new_local(page::watch_system_theme(move |dark| {
            theme.system_dark.try_set(dark);
        }));
    });
}

/// The colours of the page now.
pub fn use_theme() -> Theme {
    use_context().unwrap_or_else(|| Theme {
        choice: RwSignal::new(Choice::System),
        system_dark: RwSignal::new(false),
    })
}

/// A button that goes through the choices.
#[component]
pub fn ThemeToggle() -> impl IntoView {
    let theme = use_theme();
    let shown = move || theme.choice.get().shown();
    let turn = move |_| {
        let next = theme.choice.get_untracked().next();
        storage::browser_set(KEY, next.word());
        page::set_theme(next.word());
        theme.choice.set(next);
    };
    view! {
        <button type="button" class="button quiet square" aria-label=move || shown().1 title=move || shown().1 on:click=turn>
            <IconView icon=Signal::derive(move || shown().0) />
        </button>
    }
    .into_any()
}
