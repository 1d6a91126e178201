//! Every target, by name.

mod frames;
mod journal;
mod screen;

/// What is fuzzed.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// What must never happen, in a few words.
    pub promise: &'static str,
    /// Panics if the promise is broken for these bytes.
    pub body: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 4] = [
    Target {
        name: "engine",
        promise: "any output at any size is survived, and cuts don't matter",
        body: screen::engine,
    },
    Target {
        name: "snapshot",
        promise: "an engine restored from a snapshot shows the same and gives the same snapshot",
        body: screen::snapshot,
    },
    Target {
        name: "frames",
        promise: "frames and texts are refused or come out of encoding as they went in",
        body: frames::frames,
    },
    Target {
        name: "journal",
        promise: "a damaged journal is read, verified and reopened without a panic",
        body: journal::journal,
    },
];

/// Takes the first byte; 0 when there is none.
fn take(bytes: &mut &[u8]) -> u8 {
    let Some((first, rest)) = bytes.split_first() else {
        return 0;
    };
    *bytes = rest;
    *first
}
