//! What the next character is drawn with, and the number of that style.

use crate::attributes::{Attributes, Colour, Flags, Interner, StyleId};

/// Styles by number.
pub(crate) type Styles = Interner<Attributes>;

/// The pen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pen {
    attributes: Attributes,
    /// Whether underline style, underline colour and link are drawn with. DECSC keeps this and not those, so they
    /// may be set and not be drawn with.
    extended: bool,
    /// The numbers, once they were asked for.
    numbers: Option<(StyleId, StyleId)>,
}

impl Pen {
    pub(crate) fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    pub(crate) fn extended(&self) -> bool {
        self.extended
    }

    /// For a change of colours or flags.
    pub(crate) fn change(&mut self) -> &mut Attributes {
        self.numbers = None;
        &mut self.attributes
    }

    /// For a change of underline style, underline colour or link.
    pub(crate) fn change_extended(&mut self, change: impl FnOnce(&mut Attributes)) {
        change(self.change());
        self.extended = self.attributes.underline != 0 || self.attributes.link != 0;
    }

    /// Takes back colours and flags as DECRC does: what DECSC does not keep stays.
    pub(crate) fn restore(&mut self, saved: &Attributes, extended: bool) {
        let pen = self.change();
        pen.foreground = saved.foreground;
        pen.background = saved.background;
        pen.flags = saved.flags;
        self.extended = extended;
    }

    /// As on a terminal just reset.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// What cells are drawn with.
    pub(crate) fn drawn(&self) -> Attributes {
        if self.extended {
            return self.attributes;
        }
        Attributes {
            underline: 0,
            underline_colour: Colour::DEFAULT,
            link: 0,
            ..self.attributes
        }
    }

    /// What sequences have to set so that it is this pen: it may hold an underline colour without an underline.
    pub(crate) fn set_up(&self) -> Attributes {
        Attributes {
            underline_colour: self.attributes.underline_colour,
            ..self.drawn()
        }
    }

    /// What erased cells get: the background and nothing else.
    pub(crate) fn erased(&self) -> Attributes {
        Attributes {
            background: self.attributes.background,
            ..Attributes::default()
        }
    }

    /// Numbers of the style drawn with and of the one erased with.
    pub(crate) fn numbers(&mut self, styles: &mut Styles) -> (StyleId, StyleId) {
        if let Some(numbers) = self.numbers {
            return numbers;
        }
        let drawn = style_of(&self.drawn(), styles);
        let erased = match self.attributes.background {
            Colour::DEFAULT => StyleId::DEFAULT,
            _ => StyleId(styles.number(&self.erased())),
        };
        self.numbers = Some((drawn, erased));
        (drawn, erased)
    }

    /// The numbers may mean something else now.
    pub(crate) fn forget_numbers(&mut self) {
        self.numbers = None;
    }

    /// Whether cells are protected from the selective erases.
    pub(crate) fn set_protected(&mut self, on: bool) {
        self.change().flags.set(Flags::PROTECTED, on);
    }
}

/// The number of a style; the plain one, as frequent as all others together, is not looked for.
fn style_of(attributes: &Attributes, styles: &mut Styles) -> StyleId {
    if *attributes == Attributes::default() {
        return StyleId::DEFAULT;
    }
    StyleId(styles.number(attributes))
}
