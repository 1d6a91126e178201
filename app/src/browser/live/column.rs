//! A tall column of text that is filled in blocks where it is seen. Text goes in as text, never as markup.

use std::cell::RefCell;
use std::ops::Range;

use web_sys::{Document, Element};

use super::element::Host;
use super::listen::Listener;
use crate::history::{Marked, Piece};

/// A column inside an element that scrolls.
pub struct Column {
    document: Document,
    host: Host,
    column: Element,
    blocks: RefCell<Vec<(u64, Element)>>,
    _scroll: Listener,
}

impl Column {
    /// Fills `host`, whose rows are `row_px` high, and calls `scrolled` when it is scrolled.
    pub fn new(host: &Host, row_px: f64, mut scrolled: impl FnMut() + 'static) -> Option<Self> {
        let document = host.owner_document()?;
        let column = document.create_element("div").ok()?;
        host.set_text_content(None);
        set(host, "style", &format!("line-height:{row_px}px"));
        host.append_child(&column).ok()?;
        Some(Self {
            document,
            column,
            blocks: RefCell::default(),
            _scroll: Listener::new(host, "scroll", false, move |_| scrolled()),
            host: host.clone(),
        })
    }

    /// Sets how high the whole column is, CSS pixels.
    pub fn set_height(&self, height_px: f64) {
        set(&self.column, "style", &format!("height:{height_px}px"));
    }

    /// What is seen: its distance from the column's top and its height, CSS pixels.
    pub fn seen(&self) -> (f64, f64) {
        (
            f64::from(self.host.scroll_top()),
            f64::from(self.host.client_height()),
        )
    }

    /// Scrolls.
    pub fn scroll_to(&self, top_px: f64) {
        self.host.set_scroll_top(top_px as i32);
    }

    /// Puts a block of text there, in place of the one of that number.
    pub fn put(&self, block: u64, top_px: f64, pieces: Vec<Piece>) {
        let Some(element) = self.block(&pieces) else {
            return;
        };
        set(&element, "style", &format!("top:{top_px}px"));
        // The column is in the page: nothing here fails.
        let _ = self.column.append_child(&element);
        let mut blocks = self.blocks.borrow_mut();
        blocks.retain(|(number, former)| {
            if *number == block {
                former.remove();
            }
            *number != block
        });
        blocks.push((block, element));
    }

    fn block(&self, pieces: &[Piece]) -> Option<Element> {
        let block = self.document.create_element("pre").ok()?;
        for piece in pieces {
            if piece.style.is_empty()
                && piece.marked == Marked::No
                && !piece.text.is_empty()
                && piece.link.is_none()
            {
                block.append_with_str_1(&piece.text).ok()?;
                continue;
            }
            let name = match (piece.marked, &piece.link) {
                (Marked::No, Some(_)) => "a",
                (Marked::No, None) => "span",
                _ => "mark",
            };
            let element = self.document.create_element(name).ok()?;
            element.set_text_content(Some(&piece.text));
            match (piece.marked, &piece.link) {
                (Marked::Current, _) => set(&element, "data-current", ""),
                (Marked::Match, _) => {}
                (Marked::No, link) => {
                    set(&element, "style", &piece.style);
                    if let Some(link) = link {
                        set(&element, "href", link);
                        set(&element, "target", "_blank");
                        set(&element, "rel", "noopener noreferrer");
                    }
                }
            }
            block.append_child(&element).ok()?;
        }
        Some(block)
    }

    /// Takes out all blocks but these.
    pub fn keep(&self, blocks: &Range<u64>) {
        self.blocks.borrow_mut().retain(|(block, element)| {
            let kept = blocks.contains(block);
            if !kept {
                element.remove();
            }
            kept
        });
    }

    /// Scrolls sideways, too, so that the current match is seen.
    pub fn reveal_mark(&self) {
        if let Ok(Some(mark)) = self.column.query_selector("[data-current]") {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Center);
            options.set_inline(web_sys::ScrollLogicalPosition::Nearest);
            mark.scroll_into_view_with_scroll_into_view_options(&options);
        }
    }
}

fn set(element: &Element, name: &str, value: &str) {
    // Fails only for a name that is none.
    let _ = element.set_attribute(name, value);
}
