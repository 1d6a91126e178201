//! Zstandard files that can be read at any place: independent frames, and a table of them at the end that any
//! decompressor skips (the seekable format of the zstd project). Knows nothing of segments.

use std::fs::File;
use std::io::{self, Read, Write};

use crate::reader::read_once;

/// Content of one frame, bytes: what a read at any place has to decompress at most.
pub(crate) const FRAME_BYTES: usize = 256 * 1024;

const LEVEL: i32 = zstd::DEFAULT_COMPRESSION_LEVEL;
/// A frame that decompressors skip, and the mark at the very end of the file.
const SKIPPABLE_MAGIC: u32 = 0x184D_2A5E;
const TABLE_MAGIC: u32 = 0x8F92_EAB1;
const FOOTER_BYTES: u64 = 9;
const ENTRY_BYTES: usize = 8;
/// Entries with checksums are four bytes longer; this writer makes none and reads both.
const HAS_CHECKSUMS: u8 = 0x80;
/// A table beyond this is damage: 256 GiB of output in one segment.
const MAX_FRAMES: usize = 1024 * 1024;

/// Compresses all of `input` into `output`; returns how many bytes were read and written.
pub(crate) fn write(input: &mut impl Read, output: &mut impl Write) -> io::Result<(u64, u64)> {
    let mut table = Vec::new();
    let (mut taken, mut written) = (0, 0);
    let mut content = Vec::with_capacity(FRAME_BYTES);
    loop {
        content.clear();
        input
            .by_ref()
            .take(FRAME_BYTES as u64)
            .read_to_end(&mut content)?;
        if content.is_empty() {
            break;
        }
        let frame = zstd::bulk::compress(&content, LEVEL)?;
        output.write_all(&frame)?;
        table.extend_from_slice(&word(frame.len())?);
        table.extend_from_slice(&word(content.len())?);
        taken += content.len() as u64;
        written += frame.len() as u64;
    }
    let frames = table.len() / ENTRY_BYTES;
    let footer = FOOTER_BYTES as usize;
    let mut tail = SKIPPABLE_MAGIC.to_le_bytes().to_vec();
    tail.extend_from_slice(&word(table.len() + footer)?);
    tail.extend_from_slice(&table);
    tail.extend_from_slice(&word(frames)?);
    tail.push(0);
    tail.extend_from_slice(&TABLE_MAGIC.to_le_bytes());
    output.write_all(&tail)?;
    Ok((taken, written + tail.len() as u64))
}

fn word(count: usize) -> io::Result<[u8; 4]> {
    let count = u32::try_from(count).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    Ok(count.to_le_bytes())
}

/// Where a frame is, in the file and in the content.
#[derive(Debug, Clone, Copy)]
struct Frame {
    position: u64,
    len: u32,
    content_position: u64,
    content_len: u32,
}

/// A compressed file open for reading. Keeps the content of the frame it read last.
#[derive(Debug)]
pub(crate) struct Seekable {
    file: File,
    frames: Vec<Frame>,
    len: u64,
    /// Content of the frame that begins at this content position.
    content: Option<(u64, Vec<u8>)>,
}

impl Seekable {
    /// Reads the table of `file`.
    ///
    /// # Errors
    /// `InvalidData` when it is damaged.
    pub(crate) fn open(file: File) -> io::Result<Self> {
        let file_len = file.metadata()?.len();
        let footer: [u8; 9] = read_exact(&file, file_len.checked_sub(FOOTER_BYTES))?;
        let (count, rest) = footer.split_first_chunk().ok_or_else(damaged)?;
        let (descriptor, magic) = rest.split_first().ok_or_else(damaged)?;
        let count = u32::from_le_bytes(*count) as usize;
        if magic != TABLE_MAGIC.to_le_bytes() || count > MAX_FRAMES {
            return Err(damaged());
        }
        let entry_len = ENTRY_BYTES + if descriptor & HAS_CHECKSUMS == 0 { 0 } else { 4 };
        let table_len = (count * entry_len) as u64;
        let table_at = file_len
            .checked_sub(FOOTER_BYTES + table_len)
            .ok_or_else(damaged)?;
        let mut table = vec![0; count * entry_len];
        fill(&file, &mut table, table_at)?;
        let (frames, len) = read_table(&table, entry_len)?;
        Ok(Self {
            file,
            frames,
            len,
            content: None,
        })
    }

    /// Length of the content, bytes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Content at `position` up to the end of its frame; none behind the end.
    pub(crate) fn read_at(&mut self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        if position >= self.len {
            return Ok(0);
        }
        let number = self
            .frames
            .partition_point(|frame| frame.content_position <= position);
        let frame = number
            .checked_sub(1)
            .and_then(|number| self.frames.get(number))
            .copied();
        let frame = frame.ok_or_else(damaged)?;
        let content = self.content_of(frame)?;
        let start = usize::try_from(position - frame.content_position).map_err(|_| damaged())?;
        let rest = content.get(start..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    fn content_of(&mut self, frame: Frame) -> io::Result<&[u8]> {
        let known = self
            .content
            .take()
            .filter(|(at, _)| *at == frame.content_position);
        let content = match known {
            Some((_, content)) => content,
            None => {
                let mut bytes = vec![0; frame.len as usize];
                fill(&self.file, &mut bytes, frame.position)?;
                let content = zstd::bulk::decompress(&bytes, frame.content_len as usize)?;
                if content.len() != frame.content_len as usize {
                    return Err(damaged());
                }
                content
            }
        };
        let (_, content) = self.content.insert((frame.content_position, content));
        Ok(content)
    }
}

/// The frames that a table of entries tells of, and the length of their content.
fn read_table(table: &[u8], entry_len: usize) -> io::Result<(Vec<Frame>, u64)> {
    let mut frames = Vec::with_capacity(table.len() / entry_len);
    let (mut position, mut content_position) = (0, 0);
    for entry in table.chunks_exact(entry_len) {
        let (len, rest) = entry.split_first_chunk().ok_or_else(damaged)?;
        let content_len = rest.first_chunk().ok_or_else(damaged)?;
        let (len, content_len) = (u32::from_le_bytes(*len), u32::from_le_bytes(*content_len));
        // What was written here has no larger frame; memory is not given to damage.
        if content_len as usize > FRAME_BYTES || len as usize > zstd::zstd_safe::compress_bound(FRAME_BYTES) {
            return Err(damaged());
        }
        frames.push(Frame {
            position,
            len,
            content_position,
            content_len,
        });
        position += u64::from(len);
        content_position += u64::from(content_len);
    }
    Ok((frames, content_position))
}

fn read_exact<const N: usize>(file: &File, position: Option<u64>) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    fill(file, &mut bytes, position.ok_or_else(damaged)?)?;
    Ok(bytes)
}

fn fill(file: &File, mut buffer: &mut [u8], mut position: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        let taken = read_once(file, buffer, position)?;
        if taken == 0 {
            return Err(damaged());
        }
        buffer = buffer.get_mut(taken..).unwrap_or_default();
        position += taken as u64;
    }
    Ok(())
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the compressed output is damaged: its table of frames does not fit",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compressed(content: &[u8]) -> Seekable {
        let mut file = tempfile::tempfile().unwrap();
        let (taken, written) = write(&mut &*content, &mut file).unwrap();
        assert_eq!(
            (taken, written),
            (content.len() as u64, file.metadata().unwrap().len())
        );
        Seekable::open(file).unwrap()
    }

    fn bytes(count: usize) -> Vec<u8> {
        (0..count).map(|n| (n * n / 7 + n / 300) as u8).collect()
    }

    #[test]
    fn every_place_reads_what_was_written() {
        let content = bytes(3 * FRAME_BYTES + 17);
        let mut file = compressed(&content);
        assert_eq!(file.len(), content.len() as u64);
        for position in [
            0,
            1,
            FRAME_BYTES - 1,
            FRAME_BYTES,
            2 * FRAME_BYTES + 5,
            content.len() - 1,
            3,
            3,
        ] {
            let mut buffer = vec![0; 100];
            let count = file.read_at(&mut buffer, position as u64).unwrap();
            assert!(count > 0);
            assert_eq!(
                buffer[..count],
                content[position..position + count],
                "at {position}"
            );
        }
        assert_eq!(file.read_at(&mut [0; 4], content.len() as u64).unwrap(), 0);
    }

    #[test]
    fn nothing_is_a_file_without_frames() {
        let mut file = compressed(b"");
        assert_eq!((file.len(), file.read_at(&mut [0; 4], 0).unwrap()), (0, 0));
    }

    #[test]
    fn any_decompressor_reads_all_of_it() {
        let content = bytes(FRAME_BYTES + 1);
        let mut stored = Vec::new();
        write(&mut content.as_slice(), &mut stored).unwrap();
        assert_eq!(zstd::decode_all(stored.as_slice()).unwrap(), content);
    }

    #[test]
    fn damage_is_an_error_and_never_wrong_bytes_in_a_table() {
        let content = bytes(2000);
        let mut stored = Vec::new();
        write(&mut content.as_slice(), &mut stored).unwrap();
        for cut in [0, 5, 8, 12, stored.len() - 1] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&stored[..cut]).unwrap();
            assert!(Seekable::open(file).is_err(), "cut at {cut}");
        }
        for at in 1..=FOOTER_BYTES as usize {
            let mut flipped = stored.clone();
            let place = flipped.len() - at;
            flipped[place] ^= 0x41;
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&flipped).unwrap();
            let read = Seekable::open(file).and_then(|mut file| file.read_at(&mut [0; 100], 0));
            // The descriptor's reserved bits mean nothing.
            assert!(read.is_err() || at == 5, "flipped {at} before the end");
        }
    }
}
