//! A session that writes more than its budget: the oldest output goes, and everyone is told where it begins now.

use std::fs;

use sempre_protocol::Offset;

use crate::harness::{Setup, assert_same};

const MIB: u64 = 1024 * 1024;
const BUDGET: u64 = 64 * MIB;

#[tokio::test]
async fn the_oldest_output_goes_and_the_rest_keeps_its_offsets() {
    let server = Setup::new().start();
    // Each eight bytes say where they stand.
    let bytes: Vec<u8> = (0..10 * MIB).flat_map(u64::to_be_bytes).collect();
    let file = server.home().join("bytes");
    fs::write(&file, &bytes).unwrap();
    // In two parts: what came after the newest keyframe stays in any case.
    let id = server
        .script(&format!(
            "stty raw -echo; head -c {0} {2}; head -c 1 > /dev/null; tail -c +{1} {2}; exit 8",
            72 * MIB,
            72 * MIB + 1,
            file.display()
        ))
        .await;
    server.keyframed(id, 56 * MIB).await;
    let mut viewer = server.attach(id, "acks=1").await;
    viewer.type_in("x").await;
    let info = server.ended(id).await;
    let (base, end) = (info.base_offset.0, info.offset.0);
    assert_eq!(end, bytes.len() as u64);
    // How far a keyframe had come when the last segment was closed is a matter of luck; that old output goes is not.
    assert!(base > 0 && end - base <= BUDGET + 16 * MIB, "{base} to {end}");
    assert!(
        end - base > BUDGET - 8 * MIB,
        "no more goes than has to: {base} to {end}"
    );
    let kept = &bytes[usize::try_from(base).unwrap()..];
    assert_same(&server.output(id, base).await, kept, "what is kept");

    let gone = server.get(&format!("/api/v1/sessions/{id}/output?from=0")).await;
    let problem = gone.problem(416);
    assert!(problem.detail.contains(&base.to_string()), "{}", problem.detail);

    for query in ["from=0".to_owned(), format!("from={}", base - 1)] {
        let mut viewer = server.attach(id, &query).await;
        assert!(viewer.hello.reset, "what it asked for is gone");
        assert_eq!(
            (viewer.hello.base_offset, viewer.hello.offset),
            (Offset(base), Offset(end))
        );
        viewer.until_exit().await;
        assert_eq!(viewer.snapshots.len(), 1, "it got the screen instead");
    }
    let viewer = server.attach(id, &format!("from={base}&acks=1")).await;
    assert!(!viewer.hello.reset, "the oldest byte kept can be asked for");
}

#[tokio::test]
async fn a_viewer_that_is_overtaken_is_told_that_output_is_missing() {
    let server = Setup::new().start();
    let id = server
        .script("stty -opost -echo; yes 0123456789abcde | head -c 75497472; read line; yes 0123456789abcde | head -c 8388608; cat")
        .await;
    let mut slow = server.attach(id, "from=0&acks=1").await;
    slow.until_offset(1).await;
    server.keyframed(id, 56 * MIB).await;
    slow.type_in("\r").await;
    server
        .until(id, "the end of the flood", |info| info.offset.0 == 80 * MIB)
        .await;
    slow.acks = true;
    let end = Offset(slow.end());
    slow.say(&sempre_protocol::texts::ClientText::Ack { offset: end })
        .await;
    let error = slow.until_error().await;
    assert_eq!(error.0, sempre_protocol::texts::ErrorCode::OutputTrimmed);
}
