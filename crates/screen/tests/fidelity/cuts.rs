//! Where a stream is cut: every few hundred bytes, and inside sequences and characters.

/// A small generator of numbers that look random: the same for the same seed, everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Seeded by a text, such as a recording's name.
    pub(crate) fn of(text: &str) -> Self {
        // FNV-1a.
        Self(text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) % end.max(1) as u64) as usize
    }
}

/// About one cut per `step` bytes; of three, one lies where it falls, one behind an ESC, one inside what follows an ESC.
pub(crate) fn cuts(bytes: &[u8], step: usize, dice: &mut Dice) -> Vec<usize> {
    let mut cuts = Vec::new();
    let mut from = 0;
    while from < bytes.len() {
        let at = from + 1 + dice.below(step * 2 - 1);
        let kind = dice.below(3);
        let escape = bytes
            .iter()
            .skip(at)
            .take(step)
            .position(|byte| *byte == 0x1b || *byte >= 0xc3);
        let cut = match (kind, escape) {
            (1, Some(escape)) => at + escape + 1,
            (2, Some(escape)) => at + escape + 2 + dice.below(3),
            _ => at,
        };
        cuts.push(cut.min(bytes.len()));
        from = cut;
    }
    cuts.dedup();
    cuts
}
