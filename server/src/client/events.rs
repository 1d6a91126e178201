//! Server-sent events: what changes in the list of sessions, as it does.

use reqwest::Response;
use sempre_protocol::events::{EVENT_REMOVED, EVENT_RESYNC, EVENT_SESSION, SessionEvent};

use super::ClientError;
use super::target::Target;

/// Longest event, bytes.
const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// A stream of changes.
#[derive(Debug)]
pub struct Events {
    response: Response,
    target: Target,
    lines: Lines,
}

impl Events {
    pub(super) fn new(response: Response, target: Target) -> Self {
        let lines = Lines::default();
        Self {
            response,
            target,
            lines,
        }
    }

    /// The next change; none once the server has closed the stream: it goes down. May be cancelled.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] if the connection breaks.
    pub async fn next(&mut self) -> Result<Option<SessionEvent>, ClientError> {
        loop {
            if let Some((name, data)) = self.lines.event() {
                match name.as_str() {
                    EVENT_SESSION | EVENT_REMOVED | EVENT_RESYNC => {
                        let event = serde_json::from_str(&data);
                        return event.map(Some).map_err(|error| self.target.strange(error));
                    }
                    // Of a later release.
                    _ => continue,
                }
            }
            let chunk = self.response.chunk().await;
            match chunk.map_err(|error| self.target.unreachable(error))? {
                None => return Ok(None),
                Some(chunk) => self.lines.bytes.extend_from_slice(&chunk),
            }
            if self.lines.bytes.len() > MAX_EVENT_BYTES {
                return Err(self.target.strange("an event without end"));
            }
        }
    }
}

/// The text of the stream, cut into events (HTML standard, 9.2.6; the server ends lines with LF).
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
}

impl Lines {
    /// Takes out the first whole event: its name and data; comments have neither.
    fn event(&mut self) -> Option<(String, String)> {
        let end = self.bytes.windows(2).position(|pair| pair == b"\n\n")?;
        let text: Vec<u8> = self.bytes.drain(..end + 2).collect();
        let (mut name, mut data) = (String::new(), Vec::new());
        for line in String::from_utf8_lossy(&text).lines() {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut name),
                "data" => data.push(value.to_owned()),
                _ => {}
            }
        }
        Some((name, data.join("\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_cut_wherever_the_bytes_are() {
        let stream = b":\n\nevent: resync\ndata: {}\n\nevent: session_removed\ndata: {\"a\":\ndata: 1}\n\n";
        for cut in 0..stream.len() {
            let mut lines = Lines::default();
            let mut events = Vec::new();
            for part in [&stream[..cut], &stream[cut..]] {
                lines.bytes.extend_from_slice(part);
                events.extend(std::iter::from_fn(|| lines.event()));
            }
            let named: Vec<_> = events.into_iter().filter(|(name, _)| !name.is_empty()).collect();
            let expected = [("resync", "{}"), ("session_removed", "{\"a\":\n1}")];
            assert_eq!(named, expected.map(|(name, data)| (name.into(), data.into())));
        }
    }
}
