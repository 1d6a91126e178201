//! The journal: one session's output, byte for byte, append-only, addressed by offset.
//!
//! One process writes ([`Writer`], in the holder), any number of processes read ([`Reader`]), without locks: the
//! directory listing, the file lengths and the checksums are all they share. The format is drawn byte by byte in
//! `docs/journal.md`. Nothing here reads a clock, starts a thread, knows terminals or knows the network: times are
//! arguments (ms since the Unix epoch), offsets are `u64`.
//!
//! | module | what is in it |
//! |---|---|
//! | `record` | the 32-byte records of the index |
//! | `segment` | file names, the listing of a directory |
//! | `writer` | appending, rotation, resuming after a full disk |
//! | `options` | budget and segment sizes |
//! | `current` | the segment being written |
//! | `index_file` | the index of the segment being written: pending records, mending torn ones |
//! | `budget` | which segments go when the budget is spent |
//! | `compress` | ended sessions: each segment as a `.out.zst` |
//! | `seekable` | zstd files that are read at any place |
//! | `output_file` | a segment's bytes, compressed or not |
//! | `sync` | what is to be made durable, to be run on any thread |
//! | `recover` | making the last segment whole after a crash |
//! | `reader` | bytes by offset |
//! | `events` | sizes, times and the exit, read from the index |
//! | `verify` | finding every damaged place |
//! | `input` | the recording of input beside it, of sessions that have one |

#![forbid(unsafe_code)]

mod budget;
mod compress;
mod current;
mod events;
mod index_file;
mod input;
mod options;
mod output_file;
mod reader;
mod record;
mod recover;
mod seekable;
mod segment;
mod sync;
mod verify;
mod writer;

pub use compress::{Compressed, compress};
pub use events::Records;
pub use input::{
    DEFAULT_INPUT_BUDGET_BYTES, INPUT_HEADER_BYTES, INPUT_NAME, InputEvent, InputRead, InputReader,
    InputRecord, InputWriter, MAX_INPUT_BYTES,
};
pub use options::{DEFAULT_BUDGET_BYTES, Options};
pub use reader::{Bounds, ReadAt, ReadError, Reader};
pub use record::{Event, ExitRecord, ExitStatus, RECORD_BYTES, Record, RecordError, Size};
pub use segment::{Segment, segments};
pub use sync::SyncJob;
pub use verify::{Damage, DamageKind};
pub use writer::{AppendError, Writer};
