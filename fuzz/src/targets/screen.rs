//! The engine and its snapshots.

use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, Screen};

use super::take;

/// Sides an input picks from.
const SIDES: [u16; 8] = [1, 2, 3, 5, 8, 24, 80, 1_000];
/// A byte that no terminal knows stands for a change of size; the next one says which.
const RESIZE: u8 = 0xfe;

/// Most bytes of a snapshot per cell: a cluster, a style and a link of its own.
const CELL_BYTES: usize = 20_000;
/// Most bytes of a snapshot besides its cells.
const STATE_BYTES: usize = 1024 * 1024;

struct Setup {
    size: Size,
    scrollback: usize,
}

fn size(choice: u8) -> Size {
    let side = |at: u8| SIDES.get(usize::from(at % 8)).copied().unwrap_or(1);
    Size::new(side(choice), side(choice >> 3))
}

fn setup(bytes: &mut &[u8]) -> Setup {
    Setup {
        size: size(take(bytes)),
        scrollback: usize::from(take(bytes)) * 2,
    }
}

/// Feeds everything, each piece cut again by `cut`.
fn played(setup: &Setup, bytes: &[u8], cut: usize) -> Engine {
    let mut engine = Engine::new(setup.size, setup.scrollback, Offset::ZERO);
    let mut pieces = bytes.split(|byte| *byte == RESIZE);
    for piece in pieces.next().unwrap_or_default().chunks(cut) {
        engine.feed(piece);
    }
    for piece in pieces {
        let mut rest = piece;
        engine.resize(size(take(&mut rest)));
        for piece in rest.chunks(cut) {
            engine.feed(piece);
        }
    }
    engine
}

/// What a wide character leaves at the edge without wrapping depends on cuts in xterm.js, and so here.
fn switches_wrap_off(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == b"7l")
}

pub(super) fn engine(mut bytes: &[u8]) {
    let setup = setup(&mut bytes);
    let mut whole = played(&setup, bytes, usize::MAX);
    let mut cut = played(&setup, bytes, 7);
    assert_eq!(whole.offset(), cut.offset());
    assert_eq!(whole.title(), cut.title());
    if !switches_wrap_off(bytes) {
        assert_eq!(whole.screen_lines(), cut.screen_lines());
    }
    assert_eq!(whole.take_events(), cut.take_events());
    let (cols, rows) = (whole.size().cols, whole.size().rows);
    let (column, row) = whole.cursor();
    assert!(column <= cols && row < rows, "cursor at {column}, {row}");
    assert!(whole.line(whole.end_line()).is_none());
    assert!(whole.end_line() - whole.first_line() <= (setup.scrollback + usize::from(rows)) as u64);
}

pub(super) fn snapshot(mut bytes: &[u8]) {
    let setup = setup(&mut bytes);
    let engine = played(&setup, bytes, usize::MAX);
    let snapshot = engine.snapshot(setup.scrollback);
    let restored = Engine::restore(&snapshot, engine.size(), setup.scrollback, engine.offset());
    // What a snapshot cannot tell is listed in docs/fidelity.md, and tests/fidelity of the room compares the rest.
    assert_eq!(restored.is_alternate(), engine.is_alternate());
    assert_eq!(restored.title(), engine.title());
    assert_eq!(restored.offset(), engine.offset());
    let cells = (usize::from(engine.size().cols) * usize::from(engine.size().rows)).max(1);
    let lines = usize::try_from(engine.end_line() - engine.first_line()).unwrap_or(usize::MAX);
    let most = (cells + lines * usize::from(engine.size().cols)) * CELL_BYTES + STATE_BYTES;
    assert!(
        snapshot.len() <= most,
        "{} bytes, more than {most}",
        snapshot.len()
    );
}
