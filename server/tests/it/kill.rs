//! `kill -9` of the server, again and again, while output flows and someone types.

use std::fs;

use crate::harness::{Reconnecting, Setup, assert_same};

/// How often the server is killed.
const KILLS: usize = 50;

#[tokio::test]
async fn fifty_kills_under_load_lose_and_double_no_byte_in_either_direction() {
    let mut server = Setup::new().start();
    let go = server.home().join("go");
    let typed = server.home().join("typed");
    fs::write(&go, "").unwrap();
    // Numbered lines for as long as the file is there; slow enough that all of them are kept at the end.
    let script = "n=0; while [ -e \"$HOME/go\" ]; do n=$((n+1)); echo \"line $n\"; \
                  [ $((n % 5000)) = 0 ] && sleep 0.1; done; echo over";
    let counting = server.script(script).await;
    let typing = server
        .script(&format!("stty -echo; echo ready; cat > {}", typed.display()))
        .await;
    let pids = (server.info(counting).await.pid, server.info(typing).await.pid);
    let mut reader = Reconnecting::new(counting);
    let mut typist = Reconnecting::new(typing);
    let mut lines = String::new();
    let mut number = 0;
    for _ in 0..KILLS {
        // Some output and some input between two kills, and some input under way when it comes.
        let (seen, connections) = (reader.output.len(), (reader.connections, typist.connections));
        for _ in 0..20 {
            number += 1;
            lines.push_str(&format!("typed {number}\n"));
            typist.type_in(&format!("typed {number}\n")).await;
            typist.step(&server).await;
        }
        // What the system still had of the last connection does not count.
        reader
            .until(&server, "new output", |reader| {
                reader.connections > connections.0 && reader.output.len() > seen
            })
            .await;
        typist
            .until(&server, "a new connection", |typist| {
                typist.connections > connections.1
            })
            .await;
        server.kill();
        server.start_again();
    }
    let info = server
        .until(counting, "the holder", |info| info.pid.is_some())
        .await;
    assert_eq!(info.pid, pids.0, "the same process all the time");
    let info = server
        .until(typing, "the holder", |info| info.pid.is_some())
        .await;
    assert_eq!(info.pid, pids.1, "the same process all the time");

    fs::remove_file(&go).unwrap();
    reader.until_output(&server, "over\r\n", 0).await;
    let journal = server.output(counting, 0).await;
    let mut expected = String::new();
    let count = journal.iter().filter(|&&byte| byte == b'\n').count() - 1;
    (1..=count).for_each(|n| expected.push_str(&format!("line {n}\r\n")));
    expected.push_str("over\r\n");
    assert_same(&journal, expected.as_bytes(), "the journal");
    assert_same(&reader.output, &journal, "what the reconnecting reader got");

    typist.type_in("\u{4}").await;
    server_ends(&server, &mut typist, typing).await;
    assert_same(&fs::read(&typed).unwrap(), lines.as_bytes(), "what was typed");
    assert!(reader.connections >= KILLS && typist.connections >= KILLS);
}

/// Drives the typist until its program has ended.
async fn server_ends(
    server: &crate::harness::Server,
    typist: &mut Reconnecting,
    id: sempre_protocol::SessionId,
) {
    let deadline = tokio::time::Instant::now() + crate::harness::LONG;
    while server.info(id).await.exit.is_none() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the typist's program did not end"
        );
        typist.step(server).await;
    }
}

#[tokio::test]
async fn seq_to_two_million_survives_a_kill_with_every_line_once() {
    let mut server = Setup::new().start();
    let id = server.script("read line; seq 1 2000000").await;
    let mut client = Reconnecting::new(id);
    client.type_in("\n").await;
    for part in 1..=3 {
        let reached = part * 1_000_000;
        client
            .until(&server, "output", |client| client.output.len() > reached)
            .await;
        server.kill();
        server.start_again();
    }
    client.until_output(&server, "\n2000000\r\n", 0).await;
    let mut expected = String::from("\r\n");
    (1..=2_000_000).for_each(|n| expected.push_str(&format!("{n}\r\n")));
    assert_same(&client.output, expected.as_bytes(), "what the client got");
    server.ended(id).await;
    assert_same(&server.output(id, 0).await, expected.as_bytes(), "the journal");
}
