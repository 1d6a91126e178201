//! What happens to the feed.

use sempre_protocol::Size;
use sempre_protocol::colours::Theme;

use super::Mark;

/// What `GET /api/v1/sessions/{id}` said after a socket could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// The session is there: try again.
    Exists,
    /// There is no such session.
    Missing,
    /// The credentials are no longer accepted.
    LoggedOut,
    /// No answer: the server or the network is away.
    Unreachable,
}

/// Something that happened. Socket events name the connection of [`super::Effect::Connect`]; those of a former
/// connection are ignored.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The page wants the stream.
    Start,
    /// A text frame came.
    Text {
        /// The socket it came on.
        connection: u32,
        /// JSON.
        text: String,
    },
    /// A binary frame came.
    Binary {
        /// The socket it came on.
        connection: u32,
        /// The frame.
        frame: Vec<u8>,
    },
    /// The socket closed or could not be opened.
    Closed {
        /// Which.
        connection: u32,
    },
    /// The answer to [`super::Effect::Inflate`].
    Inflated {
        /// Its ticket.
        ticket: u32,
        /// The ANSI bytes; none if what came is no deflate stream.
        ansi: Option<Vec<u8>>,
    },
    /// The answer to [`super::Effect::Probe`].
    Probed(Probe),
    /// A write was parsed up to this mark.
    Drawn(Mark),
    /// A person typed or pasted.
    Typed(Vec<u8>),
    /// The terminal itself reported something: focus, mouse.
    Reported(Vec<u8>),
    /// The terminal has room for this many cells at its normal font size.
    Fitted(Size),
    /// The terminal's colours.
    Themed(Theme),
    /// The time of [`super::Feed::wake_at_ms`] has come.
    Wake,
    /// The browser says the network is back.
    Online,
    /// The browser says the network is gone.
    Offline,
    /// The page became visible.
    Visible,
    /// The page came back from the back/forward cache, where sockets do not live.
    PageShown,
    /// The person asked to connect now, also after having been disconnected by someone.
    TryNow,
    /// Input is stuck: interrupt the foreground process and forget what was not sent.
    Interrupt,
    /// The person knows that output was skipped.
    SeenSkipped,
    /// Throw the parked text away.
    DiscardParked,
    /// Type the parked text into the shell of now.
    TypeParked,
}
