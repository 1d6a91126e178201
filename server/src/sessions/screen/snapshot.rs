//! Snapshots on their way to a client: the text that rebuilds a screen, cut into frames.

use std::collections::VecDeque;
use std::io::{self, Read};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::DeflateEncoder;
use sempre_protocol::frames::{SNAPSHOT_DEFLATE_RAW, SNAPSHOT_MORE, ServerFrame};
use sempre_protocol::limits::SNAPSHOT_PART_BYTES;
use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, Screen as _};

use crate::measure;

/// Text up to this is sent as it is, bytes: it fits into a few packets anyway.
const PLAIN_BYTES: usize = 4 * 1024;
/// Text up to this is compressed where it is asked for, bytes: that takes less than a millisecond.
const INLINE_BYTES: usize = 32 * 1024;

/// A screen at an offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Output goes on here.
    pub offset: Offset,
    /// The size of the terminal it is for.
    pub size: Size,
    /// Text that rebuilds it on a reset terminal.
    pub ansi: Vec<u8>,
}

/// First row of the snapshot for a viewer that fell behind.
const SHORTENED_ROW: &[u8] = "\x1b[2m… older output: open the history\x1b[22m\r\n".as_bytes();
/// Where the rows begin in a snapshot that has something of the alternate screen before them. Rows hold no escapes.
const BEFORE_ROWS: &[u8] = b"\x1b[?47l\x1b[H";

impl Snapshot {
    /// What `engine` shows, with at most `lines` rows above the screen; `shortened`: and a first row that says that
    /// older output is left to the history, if there is a row above the screen at all.
    pub(super) fn of(engine: &Engine, lines: usize, shortened: bool) -> Self {
        let mut ansi = engine.snapshot(lines);
        let rows = u64::from(engine.size().rows);
        if shortened && engine.end_line().saturating_sub(engine.first_line()) > rows {
            let before = ansi
                .windows(BEFORE_ROWS.len())
                .position(|window| window == BEFORE_ROWS);
            let at = before.map_or(0, |at| at + BEFORE_ROWS.len());
            ansi.splice(at..at, SHORTENED_ROW.iter().copied());
        }
        measure::snapshot(ansi.len());
        Self {
            offset: engine.offset(),
            size: engine.size(),
            ansi,
        }
    }

    /// The frames that carry it.
    ///
    /// # Errors
    /// If the server goes down meanwhile.
    pub(in crate::sessions) async fn into_frames(self) -> io::Result<VecDeque<Bytes>> {
        if self.ansi.len() <= INLINE_BYTES {
            return self.frames();
        }
        tokio::task::spawn_blocking(move || self.frames())
            .await
            .map_err(io::Error::other)?
    }

    fn frames(&self) -> io::Result<VecDeque<Bytes>> {
        let mut deflated = Vec::new();
        let (flags, payload) = if self.ansi.len() > PLAIN_BYTES {
            DeflateEncoder::new(self.ansi.as_slice(), Compression::fast()).read_to_end(&mut deflated)?;
            (SNAPSHOT_DEFLATE_RAW, &deflated)
        } else {
            (0, &self.ansi)
        };
        let parts = payload.len().div_ceil(SNAPSHOT_PART_BYTES).max(1);
        let frame = |number: usize| {
            let start = number * SNAPSHOT_PART_BYTES;
            let end = payload.len().min(start + SNAPSHOT_PART_BYTES);
            let more = if number + 1 < parts { SNAPSHOT_MORE } else { 0 };
            let mut frame = Vec::new();
            ServerFrame::Snapshot {
                offset: self.offset,
                size: self.size,
                flags: flags | more,
                ansi: payload.get(start..end).unwrap_or_default(),
            }
            .encode(&mut frame);
            Bytes::from(frame)
        };
        Ok((0..parts).map(frame).collect())
    }
}

#[cfg(test)]
mod tests {
    use flate2::read::DeflateDecoder;

    use super::*;

    fn sent(ansi: &[u8]) -> (Vec<u8>, usize) {
        let snapshot = Snapshot {
            offset: Offset(7),
            size: Size::new(90, 30),
            ansi: ansi.to_vec(),
        };
        let frames = snapshot.frames().unwrap();
        let mut payload = Vec::new();
        let mut deflated = false;
        for (number, frame) in frames.iter().enumerate() {
            let ServerFrame::Snapshot {
                offset,
                size,
                flags,
                ansi,
            } = ServerFrame::decode(frame).unwrap()
            else {
                panic!("no snapshot");
            };
            assert_eq!((offset, size), (Offset(7), Size::new(90, 30)));
            assert_eq!(flags & SNAPSHOT_MORE != 0, number + 1 < frames.len());
            assert!(ansi.len() <= SNAPSHOT_PART_BYTES);
            deflated = flags & SNAPSHOT_DEFLATE_RAW != 0;
            payload.extend_from_slice(ansi);
        }
        if deflated {
            let mut ansi = Vec::new();
            DeflateDecoder::new(payload.as_slice())
                .read_to_end(&mut ansi)
                .unwrap();
            payload = ansi;
        }
        (payload, frames.len())
    }

    #[test]
    fn the_row_that_says_that_output_is_left_out_moves_nothing() {
        for before in [
            "",
            "\x1b[?1049h\x1b[3;4H\x1b7\x1b[?1049l",
            "\x1b(0qq\x1b(B\x1b[?6h\x1b[?6l",
        ] {
            for rows in [10, 24, 25, 400] {
                let mut engine = Engine::new(Size::DEFAULT, 5000, Offset(0));
                engine.feed(before.as_bytes());
                (0..rows).for_each(|n| engine.feed(format!("\x1b[3{}mrow {n}\r\n", n % 8).as_bytes()));
                engine.feed(b"$ \x1b[1m");
                let snapshot = Snapshot::of(&engine, 200, true);
                let shown = Engine::restore(&snapshot.ansi, snapshot.size, 5000, snapshot.offset);
                assert_eq!(
                    shown.screen_lines(),
                    engine.screen_lines(),
                    "{rows} rows after {before:?}"
                );
                assert_eq!(shown.cursor(), engine.cursor());
                let first = shown.line(shown.first_line()).unwrap().text();
                assert_eq!(first.starts_with("… older output"), rows >= 24, "{first}");
                assert!(shown.end_line() - shown.first_line() <= 24 + 201);
            }
        }
    }

    #[test]
    fn a_snapshot_is_one_frame_or_many_and_the_same_text() {
        assert_eq!(sent(b""), (Vec::new(), 1));
        assert_eq!(sent(b"short"), (b"short".to_vec(), 1));
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .take(3 * SNAPSHOT_PART_BYTES)
        .collect();
        let (text, parts) = sent(&noise);
        assert!(text == noise && parts > 2, "{parts} parts");
        let lines = b"a line of output\r\n".repeat(100_000);
        let (text, parts) = sent(&lines);
        assert!(text == lines && parts == 1, "{parts} parts");
    }
}
