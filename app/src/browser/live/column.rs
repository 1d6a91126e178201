//! A tall column of text that is filled in blocks where it is seen. Text goes in as text, never as markup.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, TouchEvent, WheelEvent};

use super::clock::now_ms;
use super::element::Host;
use super::listen::Listener;
use super::touch::one_finger;
use crate::browser::ColumnEvent;
use crate::history::{Marked, Piece};
use crate::touch::{Drag, Pull};
use crate::wheel::Wheel;

/// A column inside an element that scrolls.
pub struct Column {
    document: Document,
    host: Host,
    column: Element,
    blocks: RefCell<Vec<(u64, Element)>>,
    _listeners: Vec<Listener>,
}

impl Column {
    /// Fills `host`, whose rows are `row_px` high, and calls `heard` on what happens to it.
    pub fn new(host: &Host, row_px: f64, heard: impl Fn(ColumnEvent) + 'static) -> Option<Self> {
        let document = host.owner_document()?;
        let column = document.create_element("div").ok()?;
        host.set_text_content(None);
        set(host, "style", &format!("line-height:{row_px}px"));
        host.append_child(&column).ok()?;
        Some(Self {
            document,
            column,
            blocks: RefCell::default(),
            _listeners: listeners(host, Rc::new(heard)),
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

    /// Whether a person has selected text in a block.
    pub fn is_selected(&self, block: u64) -> bool {
        let Ok(Some(selection)) = self.document.get_selection() else {
            return false;
        };
        let blocks = self.blocks.borrow();
        let here = blocks.iter().find(|(number, _)| *number == block);
        !selection.is_collapsed()
            && here.is_some_and(|(_, element)| {
                selection
                    .contains_node_with_allow_partial_containment(element, true)
                    .unwrap_or_default()
            })
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

fn listeners(host: &Host, heard: Rc<dyn Fn(ColumnEvent)>) -> Vec<Listener> {
    let is_at_end = |host: &Host| host.scroll_top() + host.client_height() >= host.scroll_height() - 1;
    let pulls: Rc<RefCell<Option<(Drag, Pull)>>> = Rc::default();
    let scrolled = heard.clone();
    let (began, began_at) = (pulls.clone(), host.clone());
    let (moved_at, moved) = (host.clone(), pulls);
    let (turned_at, turned, mut wheel) = (host.clone(), heard.clone(), Wheel::default());
    vec![
        Listener::passive(host, "wheel", move |event| {
            let turn: &WheelEvent = event.unchecked_ref();
            let px = Wheel::px(turn.delta_y(), turn.delta_mode());
            // With Ctrl it is the page's size that changes.
            if !turn.ctrl_key() && wheel.turned(px, is_at_end(&turned_at), now_ms()) {
                turned(ColumnEvent::PulledPastEnd);
            }
        }),
        Listener::new(host, "scroll", false, move |_| scrolled(ColumnEvent::Scrolled)),
        Listener::passive(host, "touchstart", move |event| {
            let finger = one_finger(event.unchecked_ref::<TouchEvent>()).filter(|_| is_at_end(&began_at));
            let drag = finger.map(|(x, y)| (Drag::begin(x, y, now_ms()), Pull::default()));
            began.replace(drag);
        }),
        Listener::passive(host, "touchmove", move |event| {
            let mut pulls = moved.borrow_mut();
            let finger = one_finger(event.unchecked_ref::<TouchEvent>()).filter(|_| is_at_end(&moved_at));
            let (Some((drag, pull)), Some((x, y))) = (pulls.as_mut(), finger) else {
                pulls.take();
                return;
            };
            if pull.by(-drag.moved(x, y, now_ms())) {
                pulls.take();
                drop(pulls);
                heard(ColumnEvent::PulledPastEnd);
            }
        }),
    ]
}

fn set(element: &Element, name: &str, value: &str) {
    // Fails only for a name that is none.
    let _ = element.set_attribute(name, value);
}
