//! What the tools take. The descriptions and limits here become the schemas a model reads.

use std::collections::BTreeMap;

use rmcp::schemars::JsonSchema;
use serde::Deserialize;

/// Sessions that are listed when nothing is said, and at most.
pub(super) const DEFAULT_SESSIONS: u32 = 50;
pub(super) const MAX_SESSIONS: u32 = 500;
/// How long `run_command` and `wait_for` last when nothing is said, and at most, seconds.
pub(super) const DEFAULT_TIMEOUT_S: u32 = 30;
pub(super) const MAX_TIMEOUT_S: u32 = 3600;
/// Longest text that is typed at once, bytes.
pub(super) const MAX_TYPED_BYTES: usize = 64 * 1024;
/// Most named keys at once.
pub(super) const MAX_KEYS: usize = 100;
/// Most rows above the screen.
pub(super) const MAX_SCROLLBACK_LINES: u32 = 2000;

/// Which sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars", inline)]
#[serde(rename_all = "snake_case")]
pub(super) enum Which {
    /// Those that run.
    Active,
    /// Those that have ended; their output is kept.
    Completed,
    /// Both.
    All,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct ListSessions {
    /// Which sessions; "active" if left out.
    #[serde(default)]
    pub(super) state: Option<Which>,
    /// Only sessions of this group.
    #[serde(default)]
    pub(super) group: Option<String>,
    /// How many, the newest first; 50 if left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 500))]
    pub(super) limit: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct CreateSession {
    /// Shell by name (bash, zsh, fish) or absolute path; the server's default if left out. run_command needs bash, zsh or
    /// fish.
    #[serde(default)]
    pub(super) shell: Option<String>,
    /// Program and its arguments to run instead of a shell, for example ["python3", "-q"]. The session ends with it, and
    /// run_command does not work there.
    #[serde(default)]
    pub(super) command: Option<Vec<String>>,
    /// Directory to start in: absolute or beginning with ~/; the home directory if left out.
    #[serde(default)]
    pub(super) cwd: Option<String>,
    /// Further environment variables.
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    /// Labels that people see in the list, for example {"task": "fix the build"}.
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    /// Group the session belongs to.
    #[serde(default)]
    pub(super) group: Option<String>,
    /// Columns; 80 if left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000))]
    pub(super) cols: Option<u16>,
    /// Rows; 24 if left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000))]
    pub(super) rows: Option<u16>,
    /// End the session when nothing happened in it for this many seconds; 0: never; as the server is set if left out,
    /// which is an hour unless it was changed.
    #[serde(default)]
    pub(super) ttl_seconds: Option<u64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct RunCommand {
    /// Session: its id, or the beginning of it.
    pub(super) session: String,
    /// What to type at the shell's prompt, without a line end; several lines are one paste.
    #[schemars(length(min = 1, max = 65536))]
    pub(super) command: String,
    /// How long to wait for the prompt and the command's end; 30 if left out. The command runs on after that.
    #[serde(default)]
    #[schemars(range(min = 1, max = 3600))]
    pub(super) timeout_seconds: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct SendInput {
    /// Session: its id, or the beginning of it.
    pub(super) session: String,
    /// Text to type first. A line end in it presses no Enter in most programs: set `enter`.
    #[serde(default)]
    #[schemars(length(max = 65536))]
    pub(super) text: Option<String>,
    /// Keys to press after the text, in order: ctrl-c, ctrl-d, alt-x, enter, tab, shift-tab, esc, space, backspace,
    /// delete, insert, up, down, left, right, home, end, page-up, page-down, f1 to f12, or a single character.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub(super) keys: Vec<String>,
    /// Press Enter at the end.
    #[serde(default)]
    pub(super) enter: bool,
}

/// What can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars", inline)]
#[serde(rename_all = "snake_case")]
pub(super) enum Until {
    /// The text `value` is printed.
    Text,
    /// Something printed matches the pattern `value` (syntax of the Rust crate regex; ^ and $ are line ends).
    Regex,
    /// The shell is at its prompt (bash, zsh and fish).
    Prompt,
    /// The session has ended.
    Exit,
    /// Nothing was printed for `silence_ms`.
    Silence,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct WaitFor {
    /// Session: its id, or the beginning of it.
    pub(super) session: String,
    /// What to wait for.
    pub(super) until: Until,
    /// The text or pattern, for "text" and "regex"; 1 KiB at most.
    #[serde(default)]
    #[schemars(length(min = 1, max = 1024))]
    pub(super) value: Option<String>,
    /// How long it must be silent, milliseconds, for "silence"; 1000 if left out.
    #[serde(default)]
    pub(super) silence_ms: Option<u64>,
    /// Look for the text from this output offset on: give the `offset` that send_input answered, so that nothing is
    /// missed in between. In what comes from now on if left out.
    #[serde(default)]
    pub(super) from_offset: Option<u64>,
    /// How long to wait; 30 if left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 3600))]
    pub(super) timeout_seconds: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct ReadScreen {
    /// Session: its id, or the beginning of it.
    pub(super) session: String,
    /// How many lines of scrollback above the screen to read too; 0 if left out.
    #[serde(default)]
    #[schemars(range(max = 2000))]
    pub(super) scrollback_lines: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct EndSession {
    /// Session: its id, or the beginning of it.
    pub(super) session: String,
}
