//! New inputs out of old ones. Random, and the same for the same seed.

/// Input is cut at this length.
pub const MAX_BYTES: usize = 16 * 1024;

/// Pieces that mean something to somebody.
const PIECES: [&[u8]; 24] = [
    b"\x1b[",
    b"\x1b]8;;http://a\x07",
    b"\x1b]2;",
    b"\x1b\\",
    b"\x07",
    b"\x1b[?1049h",
    b"\x1b[?1049l",
    b"\x1b[2;3r",
    b"\x1b[?6h",
    b"\x1b[4:3m",
    b"\x1b[38;2;1;2;3m",
    b"\x1b7",
    b"\x1b8",
    b"\x1bM",
    b"\x1b[9999b",
    b"\xe6\xbc\xa2",
    b"e\xcc\x81",
    b"\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd",
    b"\r\n\n\n",
    b"\xfe\x00",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
    b"{\"type\":\"resize\",\"cols\":",
    b"\x1b(0",
];

/// SplitMix64.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        (self.word() % end.max(1) as u64) as usize
    }

    /// One of them; none if there are none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}

/// One input: a stretch of a seed or pure chance, changed a few times.
pub fn next(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = stretch(random, seeds);
    for _ in 0..random.below(8) {
        change(random, seeds, &mut bytes);
    }
    bytes.truncate(MAX_BYTES);
    bytes
}

fn stretch(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let length = random.below(2_000);
    match random.pick(seeds) {
        Some(seed) if random.below(4) > 0 => {
            let from = random.below(seed.len());
            seed.iter().skip(from).take(length).copied().collect()
        }
        _ => (0..length / 8).map(|_| random.word() as u8).collect(),
    }
}

fn change(random: &mut Random, seeds: &[Vec<u8>], bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len() + 1);
    match random.below(6) {
        0 => insert(bytes, at, random.pick(&PIECES).copied().unwrap_or_default()),
        1 => insert(bytes, at, &[random.word() as u8]),
        2 => {
            let mask = random.word() as u8;
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= mask);
        }
        3 => {
            let end = (at + random.below(40)).min(bytes.len());
            bytes.drain(at..end);
        }
        4 => {
            let piece: Vec<u8> = bytes
                .iter()
                .skip(at)
                .take(1 + random.below(30))
                .copied()
                .collect();
            insert(bytes, at, &piece.repeat(1 + random.below(20)));
        }
        _ => {
            let other = stretch(random, seeds);
            bytes.truncate(at);
            bytes.extend(other);
        }
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    bytes.splice(at..at, piece.iter().copied());
}
