//! Scrolling by finger, which xterm.js 6 does not know: in what was printed, and in programs as the wheel does it.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use wasm_bindgen::JsCast;
use web_sys::{Element, Event, TouchEvent, WheelEvent, WheelEventInit};

use super::core::Core;
use crate::browser::clock::{Timer, now_ms};
use crate::browser::element::Host;
use crate::browser::listen::Listener;
use crate::browser::touch::one_finger;
use crate::term::Told;
use crate::touch::{Drag, Glide, Pull, Rows};

/// One step of text that goes on by itself, ms.
const FRAME_MS: u64 = 16;
/// Rows of a finger's way that are one turn of the wheel to a program that asked for the mouse: most scroll by three.
const ROWS_PER_TURN: f64 = 3.0;

/// Who scrolls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scrolls {
    /// The terminal: what was printed.
    Terminal,
    /// The program, by arrow keys.
    ProgramByKeys,
    /// The program, by reports of the wheel.
    ProgramByWheel,
}

struct Touch {
    core: Weak<Core>,
    host: Host,
    drag: RefCell<Option<Drag>>,
    rows: RefCell<Rows>,
    pull: RefCell<Pull>,
    glide: RefCell<Option<(Glide, Timer)>>,
}

/// Hears fingers.
pub(super) fn listeners(core: &Rc<Core>, host: &Host) -> Vec<Listener> {
    let touch = Rc::new(Touch {
        core: Rc::downgrade(core),
        host: host.clone(),
        drag: RefCell::default(),
        rows: RefCell::default(),
        pull: RefCell::default(),
        glide: RefCell::default(),
    });
    let listener = |name, hear: fn(&Rc<Touch>, &TouchEvent)| {
        let touch = touch.clone();
        Listener::new(host, name, true, move |event: Event| {
            hear(&touch, event.unchecked_ref());
        })
    };
    vec![
        listener("touchstart", Touch::began),
        listener("touchmove", Touch::moved),
        listener("touchend", Touch::lifted),
        listener("touchcancel", |touch, _| {
            touch.drag.take();
        }),
    ]
}

fn is_scroll_bar(event: &TouchEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| matches!(target.closest(".scrollbar"), Ok(Some(_))))
}

impl Touch {
    fn began(self: &Rc<Self>, event: &TouchEvent) {
        self.glide.take();
        self.rows.take();
        self.pull.borrow_mut().ends();
        let finger = one_finger(event).filter(|_| !is_scroll_bar(event));
        self.drag
            .replace(finger.map(|(x, y)| Drag::begin(x, y, now_ms())));
    }

    fn moved(self: &Rc<Self>, event: &TouchEvent) {
        let Some((x, y)) = one_finger(event) else {
            self.drag.take();
            return;
        };
        let moved = self
            .drag
            .borrow_mut()
            .as_mut()
            .map(|drag| drag.moved(x, y, now_ms()));
        let way_px = moved.filter(|way_px| *way_px != 0.0);
        if let Some(way_px) = way_px {
            if event.cancelable() {
                event.prevent_default();
            }
            self.scroll(way_px, (x, y));
            self.pull(way_px);
        }
    }

    fn lifted(self: &Rc<Self>, _: &TouchEvent) {
        let drag = self.drag.take();
        let scrolls = self.core.upgrade().map(|core| scrolls(&core));
        // A program would take what comes later for a person's wish.
        if scrolls == Some(Scrolls::Terminal)
            && let Some(glide) = drag.and_then(|drag| drag.lifted(now_ms()))
        {
            let touch = Rc::downgrade(self);
            let timer = Timer::every(FRAME_MS, move || {
                if let Some(touch) = touch.upgrade() {
                    touch.go_on();
                }
            });
            self.glide.replace(Some((glide, timer)));
        }
    }

    /// One step of the text after the finger was lifted.
    fn go_on(&self) {
        let mut glide = self.glide.borrow_mut();
        let step = glide.as_mut().and_then(|(glide, _)| glide.step(FRAME_MS as f64));
        if !step.is_some_and(|way_px| self.scroll(way_px, (0.0, 0.0))) {
            glide.take();
        }
    }

    /// Scrolls by that much, as far as it makes whole rows, for the finger at `at`; false if there is nothing more.
    fn scroll(&self, way_px: f64, at: (f64, f64)) -> bool {
        let Some((core, screen)) = self.core.upgrade().zip(self.screen()) else {
            return false;
        };
        let scrolls = scrolls(&core);
        let row_px = f64::from(screen.client_height()) / f64::from(core.terminal.rows());
        let step_px = match scrolls {
            Scrolls::ProgramByWheel => row_px * ROWS_PER_TURN,
            Scrolls::Terminal | Scrolls::ProgramByKeys => row_px,
        };
        let rows = self.rows.borrow_mut().of(way_px, step_px);
        if scrolls == Scrolls::Terminal {
            if rows != 0 {
                core.terminal.scroll_lines(-rows);
            }
            let buffer = core.terminal.buffer().active();
            return if way_px > 0.0 {
                buffer.viewport_y() > 0
            } else {
                buffer.viewport_y() < buffer.base_y()
            };
        }
        for _ in 0..rows.unsigned_abs() {
            turn_wheel(&screen, -f64::from(rows.signum()), at);
        }
        true
    }

    /// A finger that goes on pulling at the top wants older output.
    fn pull(&self, way_px: f64) {
        let Some(core) = self.core.upgrade() else { return };
        let past_top = core
            .rows_past_top()
            .filter(|_| scrolls(&core) == Scrolls::Terminal);
        let Some(rows) = past_top else {
            return self.pull.borrow_mut().ends();
        };
        if self.pull.borrow_mut().by(way_px) {
            self.drag.take();
            core.tell(Told::PastTop(rows));
        }
    }

    fn screen(&self) -> Option<Element> {
        self.host.query_selector(".xterm-screen").ok().flatten()
    }
}

fn scrolls(core: &Core) -> Scrolls {
    match core.terminal.modes().mouse_tracking().as_str() {
        "none" | "x10" if core.terminal.buffer().active().kind() == "normal" => Scrolls::Terminal,
        "none" | "x10" => Scrolls::ProgramByKeys,
        _ => Scrolls::ProgramByWheel,
    }
}

/// Turns the wheel by one line over the screen: xterm.js tells the program as it asked to be told.
fn turn_wheel(screen: &Element, lines: f64, at: (f64, f64)) {
    let turn = WheelEventInit::new();
    turn.set_bubbles(true);
    turn.set_cancelable(true);
    turn.set_delta_mode(WheelEvent::DOM_DELTA_LINE);
    turn.set_delta_y(lines);
    turn.set_client_x(at.0 as i32);
    turn.set_client_y(at.1 as i32);
    // Fails only for a name that is none, or an element that is gone.
    if let Ok(turn) = WheelEvent::new_with_event_init_dict("wheel", &turn) {
        let _ = screen.dispatch_event(&turn);
    }
}
