//! The messages themselves: length, kind, payload.

use crate::limits::MAX_CONTROL_BYTES;
use crate::{Offset, Size, WriterId};

const KIND_HELLO: u8 = 0x01;
const KIND_INPUT: u8 = 0x02;
const KIND_REQUEST: u8 = 0x03;
const KIND_ENGINE_REPLY: u8 = 0x04;
const KIND_HOLDER_HELLO: u8 = 0x81;
const KIND_TAIL: u8 = 0x82;
const KIND_INPUT_ACK: u8 = 0x83;
const KIND_REPLY: u8 = 0x84;
const KIND_EVENT: u8 = 0x85;
const KIND_DATA: u8 = 0x86;

const INPUT_HAS_SIZE: u8 = 1;
const INPUT_DISCARD: u8 = 2;

/// Why a control message cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The length word is zero or above the limit.
    #[error("a control message of {0} bytes is outside 1..={MAX_CONTROL_BYTES}")]
    Length(usize),
    /// The message ends within its header.
    #[error("a control message of kind {0:#04x} ends too early")]
    Short(u8),
}

/// One message as it travels; JSON payloads are left to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control<'a> {
    /// Server → holder, first: [`super::ServerHello`] as JSON.
    Hello(&'a [u8]),
    /// Server → holder: input of one writer; a size is set before the bytes are written.
    Input {
        /// Whose stream.
        writer: WriterId,
        /// Input offset of the first byte.
        offset: Offset,
        /// Hand-over: the size of the writer that types now.
        size: Option<Size>,
        /// A signal threw the bytes away before they were sent: they count as written and are not. A holder of
        /// an older release writes them.
        discard: bool,
        /// What was typed.
        bytes: &'a [u8],
    },
    /// Server → holder: [`super::Request`] as JSON.
    Request(&'a [u8]),
    /// Server → holder: the engine's answer to a terminal query; empty marks it answered.
    EngineReply {
        /// Journal offset after the query's last byte; only ever rises.
        query_offset: Offset,
        /// The answer for the program.
        bytes: &'a [u8],
    },
    /// Holder → server, first: [`super::HolderHello`] as JSON.
    HolderHello(&'a [u8]),
    /// Holder → server: the journal reaches this far.
    Tail {
        /// End of the journal.
        offset: Offset,
        /// Oldest byte kept.
        base_offset: Offset,
    },
    /// Holder → server: input of `writer` before `offset` is in the PTY, or was thrown away by a signal.
    InputAck {
        /// Whose stream.
        writer: WriterId,
        /// Input offset after the last byte written.
        offset: Offset,
    },
    /// Holder → server: [`super::Reply`] as JSON.
    Reply(&'a [u8]),
    /// Holder → server: [`super::Event`] as JSON.
    Event(&'a [u8]),
    /// Holder → server: journal bytes that are not on the disk, for [`super::Op::Read`].
    Data {
        /// The request answered.
        id: u64,
        /// Offset of the first byte: later than asked for if those between are lost.
        offset: Offset,
        /// The bytes; empty: the holder has none from there on.
        bytes: &'a [u8],
    },
    /// A kind this release does not know; skipped.
    Unknown(u8),
}

/// Splits `n` bytes off the front.
fn take<'a, const N: usize>(rest: &mut &'a [u8], kind: u8) -> Result<&'a [u8; N], ControlError> {
    let (head, tail) = rest.split_first_chunk().ok_or(ControlError::Short(kind))?;
    *rest = tail;
    Ok(head)
}

impl<'a> Control<'a> {
    /// The first whole message in `buffer` and the bytes it takes up; none while it is incomplete.
    pub fn decode(buffer: &'a [u8]) -> Result<Option<(Self, usize)>, ControlError> {
        let Some((length, rest)) = buffer.split_first_chunk() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length) as usize;
        if length == 0 || length > MAX_CONTROL_BYTES {
            return Err(ControlError::Length(length));
        }
        let Some(message) = rest.get(..length) else {
            return Ok(None);
        };
        let (&kind, payload) = message.split_first().ok_or(ControlError::Length(length))?;
        Ok(Some((Self::decode_payload(kind, payload)?, 4 + length)))
    }

    fn decode_payload(kind: u8, mut rest: &'a [u8]) -> Result<Self, ControlError> {
        let rest = &mut rest;
        let offset = |rest: &mut &'a [u8]| Ok(Offset(u64::from_be_bytes(*take(rest, kind)?)));
        Ok(match kind {
            KIND_HELLO => Self::Hello(rest),
            KIND_INPUT => {
                let writer = WriterId::from_bytes(*take(rest, kind)?);
                let offset = offset(rest)?;
                let [flags] = *take(rest, kind)?;
                let size = if flags & INPUT_HAS_SIZE != 0 {
                    let cols = u16::from_be_bytes(*take(rest, kind)?);
                    let rows = u16::from_be_bytes(*take(rest, kind)?);
                    Some(Size::new(cols, rows))
                } else {
                    None
                };
                Self::Input {
                    writer,
                    offset,
                    size,
                    discard: flags & INPUT_DISCARD != 0,
                    bytes: rest,
                }
            }
            KIND_REQUEST => Self::Request(rest),
            KIND_ENGINE_REPLY => Self::EngineReply {
                query_offset: offset(rest)?,
                bytes: rest,
            },
            KIND_HOLDER_HELLO => Self::HolderHello(rest),
            KIND_TAIL => Self::Tail {
                offset: offset(rest)?,
                base_offset: offset(rest)?,
            },
            KIND_INPUT_ACK => Self::InputAck {
                writer: WriterId::from_bytes(*take(rest, kind)?),
                offset: offset(rest)?,
            },
            KIND_REPLY => Self::Reply(rest),
            KIND_EVENT => Self::Event(rest),
            KIND_DATA => {
                let id = u64::from_be_bytes(*take(rest, kind)?);
                Self::Data {
                    id,
                    offset: offset(rest)?,
                    bytes: rest,
                }
            }
            unknown => Self::Unknown(unknown),
        })
    }

    /// Appends the message to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        match *self {
            Self::Hello(json) => put(out, KIND_HELLO, &[json]),
            Self::Input {
                writer,
                offset,
                size,
                discard,
                bytes,
            } => {
                let has_size = if size.is_some() { INPUT_HAS_SIZE } else { 0 };
                let flags = has_size | if discard { INPUT_DISCARD } else { 0 };
                put(
                    out,
                    KIND_INPUT,
                    &[writer.as_bytes(), &offset.0.to_be_bytes(), &[flags]],
                );
                if let Some(size) = size {
                    out.extend_from_slice(&size.cols.to_be_bytes());
                    out.extend_from_slice(&size.rows.to_be_bytes());
                }
                out.extend_from_slice(bytes);
            }
            Self::Request(json) => put(out, KIND_REQUEST, &[json]),
            Self::EngineReply { query_offset, bytes } => {
                put(out, KIND_ENGINE_REPLY, &[&query_offset.0.to_be_bytes(), bytes]);
            }
            Self::HolderHello(json) => put(out, KIND_HOLDER_HELLO, &[json]),
            Self::Tail { offset, base_offset } => {
                put(
                    out,
                    KIND_TAIL,
                    &[&offset.0.to_be_bytes(), &base_offset.0.to_be_bytes()],
                );
            }
            Self::InputAck { writer, offset } => {
                put(out, KIND_INPUT_ACK, &[writer.as_bytes(), &offset.0.to_be_bytes()]);
            }
            Self::Reply(json) => put(out, KIND_REPLY, &[json]),
            Self::Event(json) => put(out, KIND_EVENT, &[json]),
            Self::Data { id, offset, bytes } => {
                put(
                    out,
                    KIND_DATA,
                    &[&id.to_be_bytes(), &offset.0.to_be_bytes(), bytes],
                );
            }
            Self::Unknown(kind) => put(out, kind, &[]),
        }
        let length = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX);
        if let Some(word) = out.get_mut(start..start + 4) {
            word.copy_from_slice(&length.to_be_bytes());
        }
    }
}

fn put(out: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    out.push(kind);
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(control: Control<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        control.encode(&mut out);
        out
    }

    #[test]
    fn golden_messages() {
        let writer = WriterId::from_bytes(*b"wwwwwwwwwwwwwwww");
        let (offset, base_offset) = (Offset(0x0102), Offset(3));
        let cases: [(Control<'_>, &[u8]); 12] = [
            (Control::Hello(b"{}"), b"\0\0\0\x03\x01{}"),
            (
                Control::Input {
                    writer,
                    offset,
                    size: None,
                    discard: false,
                    bytes: b"x",
                },
                b"\0\0\0\x1b\x02wwwwwwwwwwwwwwww\0\0\0\0\0\0\x01\x02\0x",
            ),
            (
                Control::Input {
                    writer,
                    offset,
                    size: None,
                    discard: true,
                    bytes: b"x",
                },
                b"\0\0\0\x1b\x02wwwwwwwwwwwwwwww\0\0\0\0\0\0\x01\x02\x02x",
            ),
            (
                Control::Input {
                    writer,
                    offset,
                    size: Some(Size { cols: 80, rows: 24 }),
                    discard: false,
                    bytes: b"x",
                },
                b"\0\0\0\x1f\x02wwwwwwwwwwwwwwww\0\0\0\0\0\0\x01\x02\x01\0\x50\0\x18x",
            ),
            (Control::Request(b"{}"), b"\0\0\0\x03\x03{}"),
            (
                Control::EngineReply {
                    query_offset: offset,
                    bytes: b"r",
                },
                b"\0\0\0\x0a\x04\0\0\0\0\0\0\x01\x02r",
            ),
            (Control::HolderHello(b"{}"), b"\0\0\0\x03\x81{}"),
            (
                Control::Tail { offset, base_offset },
                b"\0\0\0\x11\x82\0\0\0\0\0\0\x01\x02\0\0\0\0\0\0\0\x03",
            ),
            (
                Control::InputAck { writer, offset },
                b"\0\0\0\x19\x83wwwwwwwwwwwwwwww\0\0\0\0\0\0\x01\x02",
            ),
            (Control::Reply(b"{}"), b"\0\0\0\x03\x84{}"),
            (Control::Event(b"{}"), b"\0\0\0\x03\x85{}"),
            (
                Control::Data {
                    id: 5,
                    offset,
                    bytes: b"d",
                },
                b"\0\0\0\x12\x86\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\x01\x02d",
            ),
        ];
        for (control, golden) in cases {
            assert_eq!(bytes(control), golden, "{control:?}");
            assert_eq!(Control::decode(golden), Ok(Some((control, golden.len()))));
            let (_, cut) = golden.split_last().unwrap();
            assert_eq!(
                Control::decode(cut),
                Ok(None),
                "an incomplete message waits for the rest"
            );
        }
    }

    #[test]
    fn lengths_outside_the_limits_are_refused() {
        assert_eq!(Control::decode(&[0; 8]), Err(ControlError::Length(0)));
        assert_eq!(
            Control::decode(&[255; 8]),
            Err(ControlError::Length(u32::MAX as usize))
        );
        assert_eq!(
            Control::decode(&[0, 0, 0, 2, KIND_TAIL, 0]),
            Err(ControlError::Short(KIND_TAIL))
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_decoder_panic(data: Vec<u8>) {
            let _ = Control::decode(&data);
        }
    }
}
