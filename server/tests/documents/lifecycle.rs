//! The document of the session lifecycle: statistics by HTTP (row L6).

use serde_json::{Value, json};

use crate::harness::Call;
use crate::site::{Door, OPENING, Site};

fn line(site: &Site) -> String {
    format!("curl http://{}/api/v1/stats", site.server.address())
}

#[tokio::test]
async fn l6_statistics_count_by_status_and_show_the_last_ten() {
    for door in OPENING {
        let site = Site::start(door);
        let mut ids = Vec::new();
        for _ in 0..12 {
            ids.push(site.session(&json!({ "cmd": ["cat"] })).await.session_id);
        }
        let ended = ids[11];
        let answer = site
            .owner(Call::delete(&format!("/api/v1/sessions/{ended}")))
            .await;
        assert_eq!(answer.status, 204);
        let stats: Value = site.curl(&line(&site)).await.json();
        assert_eq!(
            stats["by_status"],
            json!({ "active": 11, "completed": 1, "archived": 0 })
        );
        let recent = stats["recent"].as_array().unwrap();
        assert_eq!(recent.len(), 10);
        let newest = recent
            .iter()
            .find(|session| session["session_id"] == json!(ended))
            .unwrap();
        assert_eq!(newest["status"], "completed");
        assert!(
            !recent
                .iter()
                .any(|session| session["session_id"] == json!(ids[0]))
        );
        assert_eq!(stats["active_longer_than_a_day"]["count"], 0);
    }
}

#[tokio::test]
async fn l6_statistics_are_not_for_strangers() {
    let site = Site::start(Door::Stranger);
    assert_eq!(site.curl(&line(&site)).await.status, 401);
}
