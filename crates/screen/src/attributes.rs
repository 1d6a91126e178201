//! How cells look, interned: a cell holds a number, the table what it means. Also the links that cells belong to.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Number of a style in its table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StyleId(pub(crate) u32);

impl StyleId {
    /// The style of a terminal just reset.
    pub(crate) const DEFAULT: Self = Self(0);
}

/// A colour in the terms of SGR, in four bytes: styles are compared and hashed at every change of colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Colour(u32);

/// What a colour was named as: the families are kept apart, since displays may treat them differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// The display's own.
    Default,
    /// One of 16 (SGR 30–37, 90–97 and their background twins).
    Named(u8),
    /// One of 256 (SGR 38;5).
    Indexed(u8),
    /// 0xRRGGBB (SGR 38;2).
    Rgb(u32),
}

/// The family stands above the 24 bits of its value.
const FAMILY_SHIFT: u32 = 24;
const NAMED: u32 = 1;
const INDEXED: u32 = 2;
const RGB: u32 = 3;

impl Colour {
    /// The display's own.
    pub(crate) const DEFAULT: Self = Self(0);

    /// One of 16.
    pub(crate) const fn named(index: u8) -> Self {
        Self(NAMED << FAMILY_SHIFT | index as u32)
    }

    /// One of 256.
    pub(crate) const fn indexed(index: u8) -> Self {
        Self(INDEXED << FAMILY_SHIFT | index as u32)
    }

    /// 0xRRGGBB.
    pub(crate) const fn rgb(rgb: u32) -> Self {
        Self(RGB << FAMILY_SHIFT | rgb & 0xff_ff_ff)
    }

    /// What it was named as.
    pub(crate) const fn family(self) -> Family {
        let value = self.0 & 0xff_ff_ff;
        match self.0 >> FAMILY_SHIFT {
            NAMED => Family::Named(value as u8),
            INDEXED => Family::Indexed(value as u8),
            RGB => Family::Rgb(value),
            _ => Family::Default,
        }
    }
}

/// What SGR switches on and off, one bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Flags(pub(crate) u16);

impl Flags {
    pub(crate) const BOLD: Self = Self(1);
    pub(crate) const DIM: Self = Self(1 << 1);
    pub(crate) const ITALIC: Self = Self(1 << 2);
    pub(crate) const UNDERLINE: Self = Self(1 << 3);
    pub(crate) const BLINK: Self = Self(1 << 4);
    pub(crate) const INVERSE: Self = Self(1 << 5);
    pub(crate) const INVISIBLE: Self = Self(1 << 6);
    pub(crate) const STRIKETHROUGH: Self = Self(1 << 7);
    pub(crate) const OVERLINE: Self = Self(1 << 8);
    /// Not erased by the selective erases (DECSCA).
    pub(crate) const PROTECTED: Self = Self(1 << 9);

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn set(&mut self, other: Self, on: bool) {
        if on {
            self.0 |= other.0;
        } else {
            self.0 &= !other.0;
        }
    }
}

/// Number of a link in its table; 0 is none.
pub(crate) type LinkId = u32;

/// How a cell looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Attributes {
    pub(crate) foreground: Colour,
    pub(crate) background: Colour,
    pub(crate) flags: Flags,
    /// 0 none, 1 single, 2 double, 3 curly, 4 dotted, 5 dashed.
    pub(crate) underline: u8,
    pub(crate) underline_colour: Colour,
    pub(crate) link: LinkId,
}

/// A link (OSC 8).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Link {
    /// What the program calls it; links of one id and address are one.
    pub(crate) id: Option<Box<str>>,
    /// Where it leads.
    pub(crate) uri: Box<str>,
    /// Tells links without id apart: each opening is one of its own.
    pub(crate) opening: u32,
}

/// Values numbered by first use; numbers of values no longer used are given again after a collection.
#[derive(Debug, Clone)]
pub(crate) struct Interner<T> {
    values: Vec<T>,
    numbers: FxHashMap<T, u32>,
    free: Vec<u32>,
    collect_at: usize,
}

/// Tables below this many values are not collected.
const COLLECT_AT: usize = 1_024;

impl<T: Clone + Eq + Hash> Interner<T> {
    /// A table whose number 0 is `first`, for good.
    pub(crate) fn new(first: T) -> Self {
        Self {
            values: vec![first.clone()],
            numbers: FxHashMap::from_iter([(first, 0)]),
            free: Vec::new(),
            collect_at: COLLECT_AT,
        }
    }

    /// The number of `value`.
    pub(crate) fn number(&mut self, value: &T) -> u32 {
        if let Some(&number) = self.numbers.get(value) {
            return number;
        }
        let number = match self.free.pop() {
            Some(number) => {
                if let Some(slot) = self.values.get_mut(number as usize) {
                    *slot = value.clone();
                }
                number
            }
            None => {
                self.values.push(value.clone());
                u32::try_from(self.values.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.numbers.insert(value.clone(), number);
        number
    }

    /// The value of a number.
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.values.get(number as usize)
    }

    /// So many values came in that a collection is worth its time.
    pub(crate) fn is_crowded(&self) -> bool {
        self.numbers.len() >= self.collect_at
    }

    /// Forgets the values whose numbers `used` does not mark; 0 stays.
    pub(crate) fn collect(&mut self, used: &[bool]) {
        let is_used = |number: u32| number == 0 || used.get(number as usize).copied().unwrap_or(false);
        let free = &mut self.free;
        self.numbers.retain(|_, &mut number| {
            let keep = is_used(number);
            if !keep {
                free.push(number);
            }
            keep
        });
        self.collect_at = (self.numbers.len() * 2).max(COLLECT_AT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_forgotten_values_are_given_again() {
        let mut table = Interner::new(0_u64);
        let numbers: Vec<u32> = (1..=5).map(|value| table.number(&value)).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
        assert_eq!(table.number(&3), 3);
        table.collect(&[false, true, false, true, false, true]);
        assert_eq!(table.numbers.len(), 4);
        let again = [table.number(&10), table.number(&11)];
        assert!(again.contains(&2) && again.contains(&4), "{again:?}");
        assert_eq!(table.get(again[0]), Some(&10));
        assert_eq!(table.number(&5), 5);
    }
}
