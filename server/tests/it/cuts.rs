//! A thousand cut connections: not a byte is lost or doubled in either direction.

use std::fs;
use std::time::{Duration, Instant};

use sempre_protocol::texts::ClientText;
use tokio::time::timeout;

use crate::harness::{LONG, Setup, assert_same, eventually, random_bytes, random_id};

/// How often the connection is cut.
const CUTS: usize = 1000;

#[tokio::test]
async fn a_thousand_cuts_lose_and_double_nothing() {
    let server = Setup::new().start();
    let typed = server.home().join("typed");
    let script = format!(
        "stty raw -echo; (while [ ! -e \"$HOME/done\" ]; do seq 1 40; sleep 0.01; done; echo over) & cat > {}",
        typed.display()
    );
    let id = server.script(&script).await;
    let writer = random_id();
    let chances = random_bytes(CUTS * 2);
    let mut input = Vec::new();
    let mut output = Vec::new();
    let began = Instant::now();
    for (number, chance) in chances.chunks(2).enumerate() {
        let mut viewer = server
            .attach(
                id,
                &format!("from={}&writer={writer}&lag=wait&acks=1", output.len()),
            )
            .await;
        viewer.acks = chance[1] % 2 == 0;
        assert!(!viewer.hello.reset && viewer.hello.offset.0 == output.len() as u64);
        let accepted = usize::try_from(viewer.hello.input_offset.0).unwrap();
        assert!(accepted <= input.len());
        input.extend_from_slice(format!("key {number};").as_bytes());
        // What did not arrive is sent again, with what is new.
        viewer.say(&ClientText::Typing).await;
        viewer.report(&input[accepted..]).await;
        // Some are cut at once, some after a few messages, some in between.
        for _ in 0..chance[0] % 6 {
            let wait = Duration::from_millis(u64::from(chance[1] % 8));
            let _ = timeout(wait, viewer.step()).await;
        }
        output.append(&mut viewer.output);
    }
    let took = began.elapsed();
    fs::write(server.home().join("done"), "").unwrap();
    let mut viewer = server
        .attach(id, &format!("from={}&writer={writer}", output.len()))
        .await;
    let accepted = usize::try_from(viewer.hello.input_offset.0).unwrap();
    viewer.report(&input[accepted..]).await;
    viewer.until_output("over").await;
    output.append(&mut viewer.output);
    assert_same(&output, &server.output(id, 0).await, "the output");
    let all = input.len() as u64;
    eventually("all input", || async {
        (fs::metadata(&typed).map_or(0, |file| file.len()) >= all).then_some(())
    })
    .await;
    assert_same(&fs::read(&typed).unwrap(), &input, "the input");
    assert!(took < LONG, "{CUTS} cuts took {took:?}");
    server.delete(id).await;
}
