//! Modes set and reset (SM, RM, DECSET, DECRST), the two buffers, soft reset, cursor style.

use super::Terminal;
use crate::charset::Charset;
use crate::modes::Charsets;
use crate::parser::Params;

impl Terminal {
    /// SM and RM.
    pub(super) fn set_modes(&mut self, params: &Params, on: bool) {
        for mode in params.iter() {
            match mode {
                4 => self.modes.insert = on,
                20 => self.lasting.new_line = on,
                _ => {}
            }
        }
    }

    /// DECSET and DECRST.
    pub(super) fn set_private_modes(&mut self, params: &Params, on: bool) {
        for mode in params.iter() {
            self.set_private_mode(mode, on);
        }
    }

    fn set_private_mode(&mut self, mode: i32, on: bool) {
        match mode {
            1 => self.modes.application_cursor = on,
            2 if on => (0..4).for_each(|level| self.charsets.designate(level, Charset::ASCII)),
            6 => {
                self.modes.origin = on;
                self.go_to(0, 0);
            }
            7 => self.modes.wrap = on,
            12 => self.lasting.cursor_blink = on,
            25 => self.lasting.cursor_hidden = !on,
            45 => self.modes.reverse_wrap = on,
            66 => self.modes.application_keypad = on,
            9 | 1000 | 1002 | 1003 => self.modes.mouse = if on { number(mode) } else { 0 },
            1006 | 1016 => self.modes.mouse_encoding = if on { number(mode) } else { 0 },
            1004 => self.modes.focus = on,
            1048 if on => self.save_cursor(),
            1048 => self.restore_cursor(),
            47 | 1047 | 1049 => self.switch_buffer(mode, on),
            2004 => self.modes.bracketed_paste = on,
            2026 => self.modes.synchronized = on,
            _ => {}
        }
    }

    fn switch_buffer(&mut self, mode: i32, on: bool) {
        if mode == 1049 && on {
            self.save_cursor();
        }
        if on != self.on_alternate {
            let blank = self.blank();
            let cols = self.cols;
            if on {
                self.alternate.clear(cols, blank);
                (self.alternate.x, self.alternate.y) = (self.normal.x, self.normal.y);
            } else {
                (self.normal.x, self.normal.y) = (self.alternate.x, self.alternate.y);
            }
            self.on_alternate = on;
        }
        if mode == 1049 && !on {
            self.restore_cursor();
        }
    }

    /// DECSTR.
    pub(super) fn soft_reset(&mut self) {
        let bottom = self.rows.saturating_sub(1);
        self.lasting.cursor_hidden = false;
        self.pen.reset();
        self.modes.soft_reset();
        self.charsets = Charsets::default();
        self.cursor_style = 0;
        let buffer = self.buffer_mut();
        (buffer.top, buffer.bottom) = (0, bottom);
        buffer.saved = crate::buffer::Saved {
            y: buffer.scrollback.len(),
            ..Default::default()
        };
    }

    /// DECSCUSR.
    pub(super) fn set_cursor_style(&mut self, params: &Params) {
        if let Ok(style @ 0..=6) = u8::try_from(params.get(0)) {
            self.cursor_style = style;
        }
    }
}

fn number(mode: i32) -> u16 {
    u16::try_from(mode).unwrap_or(0)
}
