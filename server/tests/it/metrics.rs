//! Metrics (rows T12, P10): what is counted, that the list in the documentation is the list, and who may see it.

use std::collections::BTreeSet;

use serde_json::json;

use crate::harness::{Call, Server, Setup, eventually};

const LIST: &str = include_str!("../../../docs/metrics.md");

async fn metrics(server: &Server) -> String {
    let answer = server.get("/metrics").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    answer.text()
}

/// The value of a sample by its name with labels.
fn value(metrics: &str, sample: &str) -> Option<f64> {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

/// A session that is watched, left, and come back to; a limit; a command.
async fn busy(server: &Server) {
    let id = server.create(json!({ "shell": "bash" })).await;
    let run = Call::post(&format!("/api/v1/sessions/{id}/run")).json(&json!({ "command": "echo out" }));
    assert_eq!(server.ask(run).await.status, 200);
    let viewer = server.attach_screen(id, "").await;
    let (writer, offset) = (viewer.hello.writer, viewer.hello.offset);
    drop(viewer);
    drop(server.attach(id, &format!("writer={writer}&from={offset}")).await);
    assert_eq!(server.try_create(&json!({ "shell": "bash" })).await.status, 429);
    server.delete(id).await;
}

#[tokio::test]
async fn p10_what_happens_is_counted_and_measured() {
    let server = Setup::new().arg("--max-sessions").arg("1").start();
    assert_eq!(value(&metrics(&server).await, "sempre_active_ptys"), Some(0.0));
    busy(&server).await;
    let counted = || async {
        let text = metrics(&server).await;
        // The viewer that left is noticed in a moment.
        (value(&text, "sempre_viewers") == Some(0.0)).then_some(text)
    };
    let text = eventually("no viewer", counted).await;
    for (sample, expected) in [
        ("sempre_sessions_started_total", 1.0),
        ("sempre_sessions_ended_total{reason=\"ended\"}", 1.0),
        ("sempre_sessions{state=\"completed\"}", 1.0),
        ("sempre_limits_reached_total{limit=\"max_active_sessions\"}", 1.0),
        ("sempre_reconnects_total", 1.0),
        ("sempre_failed_recoveries_total", 0.0),
        ("sempre_recovery_seconds_count", 1.0),
        ("sempre_recovery_seconds_bucket{le=\"+Inf\"}", 1.0),
        ("sempre_commands_run_total{result=\"ended\"}", 1.0),
        (
            "sempre_http_requests_total{method=\"POST\",route=\"/api/v1/sessions\",status=\"4xx\"}",
            1.0,
        ),
    ] {
        assert_eq!(value(&text, sample), Some(expected), "{sample} in\n{text}");
    }
    for sample in [
        "sempre_output_bytes_total",
        "sempre_input_bytes_total",
        "sempre_snapshot_bytes_count",
    ] {
        assert!(value(&text, sample) > Some(0.0), "{sample} in\n{text}");
    }
}

#[tokio::test]
async fn p10_the_newest_figures_are_in_the_health() {
    let server = Setup::new().arg("--max-sessions").arg("1").start();
    let recovery = async || server.get("/api/v1/health").await.value()["recovery"].take();
    let before = recovery().await;
    assert_eq!(
        (&before["reconnects"], &before["recovery_us"]),
        (&json!(0), &json!(null))
    );
    busy(&server).await;
    let after = recovery().await;
    for (figure, expected) in [
        ("reconnects", 1),
        ("reconnects_last_hour", 1),
        ("failed_recoveries", 0),
    ] {
        assert_eq!(after[figure], expected, "{after}");
    }
    let took = &after["recovery_us"];
    assert_eq!(
        (&took["count"], &took["p50"], &took["p95"]),
        (&json!(1), &took["p99"], &took["max"])
    );
    let sizes = &after["snapshot_bytes"];
    assert!(
        sizes["count"].as_u64() > Some(0) && sizes["p50"].as_u64() <= sizes["p99"].as_u64(),
        "{after}"
    );
}

#[tokio::test]
async fn t12_the_list_in_the_documentation_is_the_list() {
    let server = Setup::new().arg("--max-sessions").arg("1").start();
    busy(&server).await;
    let text = metrics(&server).await;
    let exposed: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .collect();
    let listed: BTreeSet<_> = LIST
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            let (name, kind) = (cells.next()?.trim_end_matches('`'), cells.next()?);
            Some(format!("{name} {kind}"))
        })
        .collect();
    assert_eq!(
        exposed.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(),
        listed
    );
}

#[tokio::test]
async fn a_request_is_counted_by_its_route_and_never_by_its_path() {
    let server = Setup::new().start();
    for n in 0..20 {
        server.get(&format!("/api/v1/sessions/{n:032x}")).await;
        server.get(&format!("/nowhere/{n}")).await;
        server.ask(Call::new(&format!("ODD{n}"), "/")).await;
    }
    let text = metrics(&server).await;
    let routes = text
        .lines()
        .filter(|line| line.starts_with("sempre_http_requests_total{"));
    let routes: Vec<_> = routes.collect();
    assert!(routes.len() < 10, "{routes:#?}");
    let template =
        "sempre_http_requests_total{method=\"GET\",route=\"/api/v1/sessions/{id}\",status=\"4xx\"}";
    assert_eq!(value(&text, template), Some(20.0), "{routes:#?}");
}

#[tokio::test]
async fn metrics_are_for_who_may_see_them() {
    let server = Setup::new().arg("--metrics-listen").arg("127.0.0.1:0").start();
    let stranger = Call::get("/metrics").send(server.address()).await;
    assert_eq!(stranger.problem(401).code, "unauthorized");
    let said = server.stdout();
    let own = said
        .lines()
        .find_map(|line| line.strip_prefix("sempre: metrics on http://"));
    let own = own.unwrap().trim_end_matches('/').parse().unwrap();
    let open = Call::get("/metrics").send(own).await;
    assert!(
        open.status == 200 && open.text().contains("sempre_build_info"),
        "{}",
        open.text()
    );
    assert_eq!(
        Call::get("/api/v1/sessions")
            .bearer(&server.token())
            .send(own)
            .await
            .status,
        404
    );
}
