//! Everything that comes over a wire.

use sempre_protocol::frames::{ClientFrame, ServerFrame};
use sempre_protocol::holder::Control;
use sempre_protocol::texts::{ClientText, ServerText};

pub(super) fn frames(bytes: &[u8]) {
    if let Ok(frame) = ServerFrame::decode(bytes) {
        let mut again = Vec::new();
        frame.encode(&mut again);
        assert_eq!(ServerFrame::decode(&again), Ok(frame));
    }
    if let Ok(frame) = ClientFrame::decode(bytes) {
        let mut again = Vec::new();
        frame.encode(&mut again);
        assert_eq!(again, bytes);
    }
    control(bytes);
    texts(bytes);
}

/// A stream of control messages is taken apart to its end or its first fault, always moving on.
fn control(bytes: &[u8]) {
    let mut rest = bytes;
    while let Ok(Some((message, length))) = Control::decode(rest) {
        assert!(length > 0 && length <= rest.len(), "a message of {length} bytes");
        let mut again = Vec::new();
        message.encode(&mut again);
        rest = rest.get(length..).unwrap_or_default();
    }
}

fn texts(bytes: &[u8]) {
    if let Ok(text) = serde_json::from_slice::<ServerText>(bytes) {
        let again = serde_json::to_vec(&text).expect("what was read can be written");
        let again: ServerText = serde_json::from_slice(&again).expect("what was written can be read");
        assert_eq!(again, text);
    }
    if let Ok(text) = serde_json::from_slice::<ClientText>(bytes) {
        let again = serde_json::to_vec(&text).expect("what was read can be written");
        let again: ClientText = serde_json::from_slice(&again).expect("what was written can be read");
        assert_eq!(again, text);
    }
}
