//! What the server logs, shown and changed.

use serde_json::json;

use crate::harness::Setup;
use crate::program::{Sempre, key_file, sempre};

#[tokio::test]
async fn k6_levels_are_shown_and_changed_room_by_room() {
    let server = Setup::new().args(["--log-level", "warn,http=error"]).start();
    assert_eq!(sempre(&server, &["log-level"]).ok(), "warn\nhttp=error");
    let changed = sempre(&server, &["log-level", "sessions=debug", "auth=trace"]);
    assert_eq!(changed.ok(), "warn\nauth=trace\nhttp=error\nsessions=debug");
    let shown = sempre(&server, &["log-level", "info", "http=info", "--json"]).json();
    let rooms = json!({ "auth": "trace", "http": "info", "sessions": "debug" });
    assert_eq!(shown, json!({ "level": "info", "rooms": rooms }));
    for [word, named] in [
        ["loud", "loud"],
        ["kitchen=info", "kitchen"],
        ["http=", "no level"],
    ] {
        let said = sempre(&server, &["log-level", word]);
        assert!(said.failed(1).contains(named), "{said:?}");
    }
    assert_eq!(sempre(&server, &["log-level", "--json"]).json(), shown);
    let key = json!({ "name": "ci", "role": "operator" });
    let call = crate::harness::Call::post("/api/v1/keys").json(&key);
    let key = server.ask(call).await.value();
    let file = key_file(&server, "key", key["key"].as_str().unwrap());
    let url = format!("http://{}/", server.address());
    let remote = Sempre::of(&server, &["log-level", "off", "--key-file", &file]);
    remote.env("SEMPRE_URL", url).run().failed(5);
}
