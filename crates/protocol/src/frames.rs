//! Binary frames of the native wire: one kind byte, then the layout of DESIGN's table; integers big-endian.
//!
//! Kinds are never reused. A client skips a server frame it does not know; a server closes the connection
//! (1003) on a client frame it does not know.

use crate::{Offset, Size};

/// Server → client: output bytes. Client → server: input bytes. The direction tells them apart.
pub const KIND_BYTES: u8 = 0x01;
/// Server → client: a snapshot or a part of one.
pub const KIND_SNAPSHOT: u8 = 0x02;

/// Snapshot flag: the ANSI bytes are compressed with raw deflate, as a whole: parts are slices of the compressed bytes.
pub const SNAPSHOT_DEFLATE_RAW: u8 = 1;
/// Snapshot flag: more parts follow; all are applied together.
pub const SNAPSHOT_MORE: u8 = 2;

/// Bytes before the payload of an output or input frame.
pub const BYTES_HEADER: usize = 1 + 8;
/// Bytes before the payload of a snapshot frame.
pub const SNAPSHOT_HEADER: usize = 1 + 8 + 2 + 2 + 1;

/// Why a binary frame cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The frame holds no kind byte.
    #[error("the frame is empty")]
    Empty,
    /// The frame ends within its header.
    #[error("a frame of kind {kind:#04x} has at least {needed} bytes, this has {found}")]
    Short {
        /// The kind byte.
        kind: u8,
        /// Bytes that kind needs at least.
        needed: usize,
        /// Bytes there are.
        found: usize,
    },
    /// A kind this release does not know.
    #[error("unknown frame kind {0:#04x}")]
    UnknownKind(u8),
}

/// A binary frame from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerFrame<'a> {
    /// Output: `offset` is that of the first byte.
    Output {
        /// Journal offset of the first byte.
        offset: Offset,
        /// The bytes as the program wrote them.
        bytes: &'a [u8],
    },
    /// ANSI bytes that rebuild a screen on a reset terminal.
    Snapshot {
        /// Journal offset the screen stands at.
        offset: Offset,
        /// Size of that screen.
        size: Size,
        /// [`SNAPSHOT_DEFLATE_RAW`] and [`SNAPSHOT_MORE`].
        flags: u8,
        /// The ANSI bytes of this part.
        ansi: &'a [u8],
    },
}

impl<'a> ServerFrame<'a> {
    /// The frame in `frame`.
    pub fn decode(frame: &'a [u8]) -> Result<Self, FrameError> {
        match *frame {
            [] => Err(FrameError::Empty),
            [KIND_BYTES, ..] => bytes_frame(frame).map(|(offset, bytes)| Self::Output { offset, bytes }),
            [KIND_SNAPSHOT, ..] => decode_snapshot(frame),
            [kind, ..] => Err(FrameError::UnknownKind(kind)),
        }
    }

    /// Appends the frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Output { offset, bytes } => encode_bytes(offset, bytes, out),
            Self::Snapshot {
                offset,
                size,
                flags,
                ansi,
            } => {
                out.reserve(SNAPSHOT_HEADER + ansi.len());
                out.push(KIND_SNAPSHOT);
                out.extend_from_slice(&offset.0.to_be_bytes());
                out.extend_from_slice(&size.cols.to_be_bytes());
                out.extend_from_slice(&size.rows.to_be_bytes());
                out.push(flags);
                out.extend_from_slice(ansi);
            }
        }
    }
}

/// A binary frame from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientFrame<'a> {
    /// Input: `offset` is that of the first byte in this writer's own stream.
    Input {
        /// Input offset of the first byte.
        offset: Offset,
        /// The bytes to write to the PTY.
        bytes: &'a [u8],
    },
}

impl<'a> ClientFrame<'a> {
    /// The frame in `frame`.
    pub fn decode(frame: &'a [u8]) -> Result<Self, FrameError> {
        match *frame {
            [] => Err(FrameError::Empty),
            [KIND_BYTES, ..] => bytes_frame(frame).map(|(offset, bytes)| Self::Input { offset, bytes }),
            [kind, ..] => Err(FrameError::UnknownKind(kind)),
        }
    }

    /// Appends the frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Input { offset, bytes } => encode_bytes(offset, bytes, out),
        }
    }
}

/// The first [`BYTES_HEADER`] bytes of an output or input frame, for writers that fill in the payload themselves.
pub fn bytes_header(offset: Offset) -> [u8; BYTES_HEADER] {
    let [a, b, c, d, e, f, g, h] = offset.0.to_be_bytes();
    [KIND_BYTES, a, b, c, d, e, f, g, h]
}

fn encode_bytes(offset: Offset, bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(BYTES_HEADER + bytes.len());
    out.extend_from_slice(&bytes_header(offset));
    out.extend_from_slice(bytes);
}

fn short(frame: &[u8], needed: usize) -> FrameError {
    FrameError::Short {
        kind: frame.first().copied().unwrap_or_default(),
        needed,
        found: frame.len(),
    }
}

fn bytes_frame(frame: &[u8]) -> Result<(Offset, &[u8]), FrameError> {
    let error = || short(frame, BYTES_HEADER);
    let (head, bytes) = frame
        .get(1..)
        .and_then(|rest| rest.split_first_chunk())
        .ok_or_else(error)?;
    Ok((Offset(u64::from_be_bytes(*head)), bytes))
}

fn decode_snapshot(frame: &[u8]) -> Result<ServerFrame<'_>, FrameError> {
    let error = || short(frame, SNAPSHOT_HEADER);
    let (head, rest) = frame
        .get(1..)
        .and_then(|rest| rest.split_first_chunk())
        .ok_or_else(error)?;
    let (&[c0, c1, r0, r1, flags], ansi) = rest.split_first_chunk().ok_or_else(error)?;
    let size = Size {
        cols: u16::from_be_bytes([c0, c1]),
        rows: u16::from_be_bytes([r0, r1]),
    };
    Ok(ServerFrame::Snapshot {
        offset: Offset(u64::from_be_bytes(*head)),
        size,
        flags,
        ansi,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn server_bytes(frame: ServerFrame<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        frame.encode(&mut out);
        out
    }

    #[test]
    fn golden_output() {
        let frame = ServerFrame::Output {
            offset: Offset(0x0102_0304_0506_0708),
            bytes: b"hi\0\xff",
        };
        assert_eq!(
            server_bytes(frame),
            b"\x01\x01\x02\x03\x04\x05\x06\x07\x08hi\0\xff"
        );
    }

    #[test]
    fn golden_snapshot() {
        let frame = ServerFrame::Snapshot {
            offset: Offset(9),
            size: Size {
                cols: 80,
                rows: 0x0118,
            },
            flags: SNAPSHOT_DEFLATE_RAW | SNAPSHOT_MORE,
            ansi: b"\x1bc",
        };
        assert_eq!(
            server_bytes(frame),
            b"\x02\0\0\0\0\0\0\0\x09\x00\x50\x01\x18\x03\x1bc"
        );
    }

    #[test]
    fn golden_input() {
        let mut out = Vec::new();
        ClientFrame::Input {
            offset: Offset(256),
            bytes: b"ls\r",
        }
        .encode(&mut out);
        assert_eq!(out, b"\x01\0\0\0\0\0\0\x01\0ls\r");
    }

    #[test]
    fn unknown_and_short_frames_are_named() {
        assert_eq!(ClientFrame::decode(&[]), Err(FrameError::Empty));
        assert_eq!(
            ClientFrame::decode(&[0x7f, 1]),
            Err(FrameError::UnknownKind(0x7f))
        );
        assert_eq!(
            ServerFrame::decode(&[KIND_SNAPSHOT, 0]),
            Err(FrameError::Short {
                kind: KIND_SNAPSHOT,
                needed: SNAPSHOT_HEADER,
                found: 2
            })
        );
    }

    proptest! {
        #[test]
        fn any_frame_reads_back(offset: u64, cols: u16, rows: u16, flags: u8, data: Vec<u8>) {
            let offset = Offset(offset);
            let output = ServerFrame::Output { offset, bytes: &data };
            let wire = server_bytes(output);
            prop_assert_eq!(ServerFrame::decode(&wire), Ok(output));
            let snapshot = ServerFrame::Snapshot { offset, size: Size { cols, rows }, flags, ansi: &data };
            let wire = server_bytes(snapshot);
            prop_assert_eq!(ServerFrame::decode(&wire), Ok(snapshot));
            let mut out = Vec::new();
            ClientFrame::Input { offset, bytes: &data }.encode(&mut out);
            prop_assert_eq!(ClientFrame::decode(&out), Ok(ClientFrame::Input { offset, bytes: &data }));
        }

        #[test]
        fn no_bytes_make_a_decoder_panic(data: Vec<u8>) {
            let _ = ServerFrame::decode(&data);
            let _ = ClientFrame::decode(&data);
        }
    }
}
