//! Every limit that both ends of a wire must agree on, by name. Limits of one room stay in that room.

/// Largest WebSocket frame, bytes, either way; a larger one closes the connection with 1009.
pub const MAX_FRAME_BYTES: usize = 1024 * 1024;

/// Input of one writer that may be sent ahead of its `input_ack`, bytes. The client keeps the rest.
pub const INPUT_WINDOW_BYTES: usize = 256 * 1024;

/// Output a viewer with `acks=1` may be sent ahead of its `ack`, bytes.
pub const OUTPUT_WINDOW_BYTES: u64 = 256 * 1024;

/// Largest output frame the server sends, bytes of payload.
pub const OUTPUT_CHUNK_BYTES: usize = 64 * 1024;

/// Bytes a `lag=skip` viewer that comes back with `from` is sent; one further behind gets a snapshot.
pub const NEAR_BYTES: u64 = 256 * 1024;

/// Lines above the screen in a snapshot whose viewer names no number.
pub const SNAPSHOT_LINES: u32 = 5_000;

/// Most lines above the screen in a snapshot.
pub const MAX_SNAPSHOT_LINES: u32 = 100_000;

/// Lines above the screen in the snapshot for a viewer that fell behind.
pub const SKIP_LINES: u32 = 200;

/// Largest part of a snapshot, bytes of payload.
pub const SNAPSHOT_PART_BYTES: usize = 256 * 1024;

/// Longest name a client gives itself, characters.
pub const MAX_VIEWER_NAME_CHARS: usize = 64;

/// Viewers that a `viewers` text describes at most; its `count` counts all.
pub const MAX_VIEWERS_TOLD: usize = 32;

/// Keys typed while disconnected that the page keeps, bytes.
pub const PENDING_KEYS_BYTES: usize = 64 * 1024;

/// Smallest number of columns or rows.
pub const MIN_SIDE: u16 = 1;

/// Largest number of columns or rows.
pub const MAX_SIDE: u16 = 1000;

/// Writers whose input offsets a holder remembers; the longest silent one is forgotten first.
pub const MAX_WRITERS: usize = 1024;

/// The server sends a WebSocket ping this often, ms.
pub const PING_INTERVAL_MS: u64 = 30_000;

/// The server sends a `heartbeat` text this often, ms.
pub const HEARTBEAT_INTERVAL_MS: u64 = 60_000;

/// A peer silent for this long is dropped, ms; its session is not.
pub const SILENCE_LIMIT_MS: u64 = 90_000;

/// Largest control message between server and holder, bytes after the length word.
pub const MAX_CONTROL_BYTES: usize = 1024 * 1024 + 64;

/// Newest output a holder keeps in memory while the disk is full, bytes.
pub const MEMORY_TAIL_BYTES: usize = 1024 * 1024;

/// Labels a session may carry.
pub const MAX_LABELS: usize = 32;

/// Longest label key, bytes.
pub const MAX_LABEL_KEY_BYTES: usize = 64;

/// Longest label value, bytes.
pub const MAX_LABEL_VALUE_BYTES: usize = 256;

/// Environment variables a request may set.
pub const MAX_ENV_VARS: usize = 256;

/// Largest environment of one request, bytes of names and values together.
pub const MAX_ENV_BYTES: usize = 64 * 1024;
