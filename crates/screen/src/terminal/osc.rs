//! Operating system commands: titles, directories, links, colours, notifications.

use super::palette::parse;
use super::{Terminal, replies};
use crate::attributes::Link;
use crate::{EventKind, ShellMark};

/// Longest title or notification, characters.
const MAX_TITLE_CHARS: usize = 1_024;
/// Longest path told by the shell, bytes.
const MAX_CWD_BYTES: usize = 4_096;
/// Longest address or id of a link, bytes; longer ones are no links.
const MAX_LINK_BYTES: usize = 8_192;

impl Terminal {
    /// An operating system command, without its introducer and end.
    pub(super) fn command(&mut self, text: &[u8], at: usize) {
        // It was put together from characters.
        let text = std::str::from_utf8(text).unwrap_or_default();
        let (number, data) = text.split_once(';').unwrap_or((text, ""));
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return;
        }
        match number.parse::<u32>() {
            Ok(0 | 2) => self.set_title(data, at),
            Ok(4) => self.indexed_colours(data, at),
            Ok(7) => self.set_cwd(data, at),
            Ok(8) => self.link(data),
            Ok(9) => self.notify_or_progress(data, at),
            Ok(which @ 10..=12) => self.special_colours(which as usize - 10, data, at),
            Ok(104) => self.reset_colours(data),
            Ok(133) => {
                if let Some(mark) = ShellMark::read(data) {
                    self.tell(EventKind::Shell(mark), at);
                }
            }
            Ok(which @ 110..=112) => self.palette.set_special(which as usize - 110, None),
            Ok(777) => {
                if let Some(message) = data.strip_prefix("notify;") {
                    self.notify(&message.replacen(';', ": ", 1), at);
                }
            }
            _ => {}
        }
    }

    fn set_title(&mut self, title: &str, at: usize) {
        let title: String = title.chars().take(MAX_TITLE_CHARS).collect();
        if title != self.title {
            self.title.clone_from(&title);
            self.tell(EventKind::Title(title), at);
        }
    }

    fn set_cwd(&mut self, data: &str, at: usize) {
        let path = data
            .strip_prefix("file://")
            .and_then(|rest| rest.find('/').and_then(|start| rest.get(start..)));
        let Some(path) = path.filter(|path| path.len() <= MAX_CWD_BYTES).and_then(unescape) else {
            return;
        };
        if self.cwd.as_ref() != Some(&path) {
            self.cwd = Some(path.clone());
            self.tell(EventKind::Cwd(path), at);
        }
    }

    fn link(&mut self, data: &str) {
        let Some((params, uri)) = data.split_once(';') else {
            return;
        };
        let params = params.trim();
        if uri.is_empty() {
            if params.is_empty() {
                self.pen.change_extended(|pen| pen.link = 0);
            }
            return;
        }
        if uri.len() > MAX_LINK_BYTES || params.len() > MAX_LINK_BYTES {
            return self.pen.change_extended(|pen| pen.link = 0);
        }
        let id = params.split(':').find_map(|param| param.strip_prefix("id="));
        let id = id.filter(|id| !id.is_empty()).map(Box::from);
        if id.is_none() {
            self.openings = self.openings.wrapping_add(1);
        }
        let link = Link {
            opening: if id.is_none() { self.openings } else { 0 },
            id,
            uri: uri.into(),
        };
        let number = self.links.number(&link);
        self.pen.change_extended(|pen| pen.link = number);
    }

    fn notify_or_progress(&mut self, data: &str, at: usize) {
        let Some(progress) = data.strip_prefix("4;") else {
            return self.notify(data, at);
        };
        let (state, percent) = progress.split_once(';').unwrap_or((progress, ""));
        let percent = match state {
            "1" | "2" | "4" => percent.parse::<u8>().ok().filter(|&percent| percent <= 100),
            _ => None,
        };
        self.tell(EventKind::Progress(percent), at);
    }

    fn notify(&mut self, message: &str, at: usize) {
        let message: String = message.chars().take(MAX_TITLE_CHARS).collect();
        if !message.is_empty() {
            self.tell(EventKind::Notify(message), at);
        }
    }

    /// OSC 4: pairs of index and colour, or `?`.
    fn indexed_colours(&mut self, data: &str, at: usize) {
        let mut parts = data.split(';');
        while let (Some(index), Some(colour)) = (parts.next(), parts.next()) {
            let Ok(index) = index.parse::<u8>() else { continue };
            if colour == "?" {
                let shown = self.palette.shown(index, &self.theme.unwrap_or_default());
                self.tell(
                    EventKind::Reply(replies::colour(&format!("4;{index}"), shown)),
                    at,
                );
            } else if let Some(colour) = parse(colour) {
                self.palette.set(index, colour);
            }
        }
    }

    /// OSC 10, 11, 12: colours from the one named on, or `?`.
    fn special_colours(&mut self, first: usize, data: &str, at: usize) {
        for (which, colour) in (first..3).zip(data.split(';')) {
            if colour == "?" {
                let shown = self.palette.shown_special(which, &self.theme.unwrap_or_default());
                self.tell(
                    EventKind::Reply(replies::colour(&(which + 10).to_string(), shown)),
                    at,
                );
            } else if let Some(colour) = parse(colour) {
                self.palette.set_special(which, Some(colour));
            }
        }
    }

    fn reset_colours(&mut self, data: &str) {
        if data.is_empty() {
            self.palette.reset_all();
        }
        for index in data.split(';').filter_map(|index| index.parse().ok()) {
            self.palette.reset(index);
        }
    }
}

/// A path with its percent escapes read; none if it would hold control characters or is no text.
fn unescape(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten();
        let digits = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
        let is_hex = |digits: &&str| digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        match digits
            .filter(is_hex)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
        {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => bytes.push(*first),
        }
    }
    let path = String::from_utf8(bytes).ok()?;
    (!path.chars().any(char::is_control)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_unescaped_and_controls_refused() {
        assert_eq!(
            unescape("/home/a%20b%C3%A4%zz%2"),
            Some("/home/a bä%zz%2".to_owned())
        );
        assert_eq!(unescape("/a%0ab"), None);
        assert_eq!(unescape("/a%ff"), None);
    }
}
