//! Numbers of a sequence, with the sub-parameters that colons make.

/// Parameters of a sequence that count; more are dropped.
const MAX_PARAMS: usize = 32;
/// Sub-parameters of a sequence that count.
const MAX_SUBS: usize = 32;

/// Parameters: the first is there even if nothing was written, as 0. A sub-parameter not written is -1, one too large
/// the largest there is.
#[derive(Debug, Clone)]
pub(crate) struct Params {
    values: [i32; MAX_PARAMS],
    /// Where each parameter's sub-parameters begin and end.
    subs_of: [(u8, u8); MAX_PARAMS],
    len: usize,
    subs: [i32; MAX_SUBS],
    subs_len: usize,
    is_sub: bool,
    is_full: bool,
    are_subs_full: bool,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            values: [0; MAX_PARAMS],
            subs_of: [(0, 0); MAX_PARAMS],
            len: 1,
            subs: [0; MAX_SUBS],
            subs_len: 0,
            is_sub: false,
            is_full: false,
            are_subs_full: false,
        }
    }
}

impl Params {
    pub(super) fn clear(&mut self) {
        self.len = 0;
        self.subs_len = 0;
        (self.is_sub, self.is_full, self.are_subs_full) = (false, false, false);
        self.add();
    }

    fn add(&mut self) {
        self.is_sub = false;
        let subs = u8::try_from(self.subs_len).unwrap_or(u8::MAX);
        match (self.values.get_mut(self.len), self.subs_of.get_mut(self.len)) {
            (Some(value), Some(range)) => {
                *value = 0;
                *range = (subs, subs);
                self.len += 1;
            }
            _ => self.is_full = true,
        }
    }

    fn add_sub(&mut self) {
        self.is_sub = true;
        if self.is_full {
            self.are_subs_full = true;
            return;
        }
        let range = self
            .len
            .checked_sub(1)
            .and_then(|last| self.subs_of.get_mut(last));
        match (self.subs.get_mut(self.subs_len), range) {
            (Some(sub), Some(range)) => {
                *sub = -1;
                range.1 += 1;
                self.subs_len += 1;
            }
            _ => self.are_subs_full = true,
        }
    }

    /// Holds what the digits and `;` that `bytes` begins with say; returns the byte after them and where it stands.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Option<(u8, usize)> {
        (self.len, self.subs_len) = (0, 0);
        let mut value = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            if byte.is_ascii_digit() {
                value = with_digit(value, byte);
                continue;
            }
            if let Some(slot) = self.values.get_mut(self.len) {
                *slot = value;
                self.len += 1;
            }
            if byte != b';' {
                return Some((byte, at));
            }
            value = 0;
        }
        None
    }

    /// A digit, `:` or `;`.
    pub(super) fn push(&mut self, byte: u8) {
        match byte {
            b';' => self.add(),
            b':' => self.add_sub(),
            _ => self.digit(byte),
        }
    }

    fn digit(&mut self, digit: u8) {
        let slot = if self.is_sub {
            let last = self.subs_len.checked_sub(1).filter(|_| !self.are_subs_full);
            last.and_then(|last| self.subs.get_mut(last))
        } else {
            let last = self.len.checked_sub(1).filter(|_| !self.is_full);
            last.and_then(|last| self.values.get_mut(last))
        };
        if let Some(slot) = slot {
            *slot = with_digit((*slot).max(0), digit);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The parameter at `index`; 0 if it was not written.
    pub(crate) fn get(&self, index: usize) -> i32 {
        let written = self.values.get(..self.len).and_then(|values| values.get(index));
        written.copied().unwrap_or(0)
    }

    /// The parameter at `index` as a count, in which 0 means 1.
    pub(crate) fn count(&self, index: usize) -> usize {
        usize::try_from(self.get(index)).unwrap_or(0).max(1)
    }

    /// The sub-parameters of the parameter at `index`.
    pub(crate) fn subs(&self, index: usize) -> &[i32] {
        if self.subs_len == 0 {
            return &[];
        }
        let range = self.subs_of.get(..self.len).and_then(|ranges| ranges.get(index));
        range
            .and_then(|&(start, end)| self.subs.get(usize::from(start)..usize::from(end)))
            .unwrap_or_default()
    }

    /// All parameters, if none has sub-parameters.
    pub(crate) fn without_subs(&self) -> Option<&[i32]> {
        self.values.get(..self.len).filter(|_| self.subs_len == 0)
    }

    /// All parameters in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = i32> + '_ {
        (0..self.len).map(|index| self.get(index))
    }
}

/// `value` with one more digit, or the largest number there is.
fn with_digit(value: i32, digit: u8) -> i32 {
    /// No number below this overflows with one more digit.
    const SAFE: i32 = i32::MAX / 10;
    let digit = i32::from(digit & 0xf);
    if value < SAFE {
        return value * 10 + digit;
    }
    value.saturating_mul(10).saturating_add(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(text: &str) -> Params {
        let mut params = Params::default();
        params.clear();
        text.bytes().for_each(|byte| params.push(byte));
        params
    }

    #[test]
    fn numbers_and_their_subs_are_read() {
        let params = params("4:3;;58:2::10:20:30;9");
        assert_eq!(params.iter().collect::<Vec<_>>(), [4, 0, 58, 9]);
        assert_eq!(params.subs(0), [3]);
        assert_eq!(params.subs(1), [0; 0]);
        assert_eq!(params.subs(2), [2, -1, 10, 20, 30]);
        assert_eq!(params.count(1), 1);
    }

    #[test]
    fn read_at_once_they_are_the_same() {
        for text in [
            "",
            ";",
            "0",
            "38;5;196;1",
            "1;;2;",
            "99999999999;7",
            &"3;".repeat(40),
        ] {
            let mut read = params("7:8;9:1;5");
            assert_eq!(
                read.read(format!("{text}m1").as_bytes()),
                Some((b'm', text.len()))
            );
            assert_eq!(
                read.iter().collect::<Vec<_>>(),
                params(text).iter().collect::<Vec<_>>()
            );
            assert!((0..MAX_PARAMS).all(|index| read.subs(index).is_empty()), "{text}");
        }
    }

    #[test]
    fn what_is_too_much_is_dropped() {
        let many = params(&"1;".repeat(100));
        assert_eq!(many.len(), MAX_PARAMS);
        let colons = params(&format!("4{}5", ":1".repeat(100)));
        assert_eq!(colons.subs(0).len(), MAX_SUBS);
        assert_eq!(params("99999999999999").get(0), i32::MAX);
        assert_eq!(params("2147483646").get(0), i32::MAX - 1);
        assert_eq!(params("2147483650").get(0), i32::MAX);
    }
}
