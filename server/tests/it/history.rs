//! History: the rows of a whole session, page by page, and what is found in them.

use std::collections::HashSet;

use sempre_protocol::SessionId;
use sempre_protocol::history::{HistoryLine, HistoryMatches, HistoryPage, RunColour};
use serde_json::json;

use crate::harness::{Server, Setup};

/// Lines of the long session.
const LINES: u64 = 200_000;

async fn page(server: &Server, id: SessionId, query: &str) -> HistoryPage {
    let answer = server
        .get(&format!("/api/v1/sessions/{id}/history?{query}"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn search(server: &Server, id: SessionId, query: &str) -> HistoryMatches {
    let answer = server
        .get(&format!("/api/v1/sessions/{id}/history/search?{query}"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn text(line: &HistoryLine) -> String {
    line.runs.iter().map(|run| run.text.as_str()).collect()
}

/// A session that printed its line numbers, six digits each, over several keyframes.
async fn long(server: &Server) -> SessionId {
    let id = server
        .script(&format!(
            "seq -f 'line %06g of a long session, padded to be long' 1 {LINES}; exec cat"
        ))
        .await;
    let bytes = LINES * (line(1).len() as u64 + 2);
    server
        .until(id, "all output", |info| info.offset.0 == bytes)
        .await;
    id
}

fn line(number: u64) -> String {
    format!("line {number:06} of a long session, padded to be long")
}

#[tokio::test]
async fn every_row_is_there_and_keeps_its_number() {
    let mut server = Setup::new().start();
    let id = long(&server).await;
    let newest = page(&server, id, "").await;
    // The row below the last line holds the cursor.
    assert_eq!((newest.first_line, newest.end_line), (0, LINES + 1));
    assert_eq!(newest.lines.len(), 200);
    assert_eq!(text(&newest.lines[198]), line(LINES));
    for round in 0..2 {
        for from in [0, 1, 4_999, 77_777, 120_000, LINES - 5_100, LINES - 10] {
            let found = page(&server, id, &format!("after={from}&lines=300")).await;
            assert!(!found.inexact);
            let expected = 300.min(LINES + 1 - from);
            assert_eq!(found.lines.len() as u64, expected, "from {from}, round {round}");
            for (row, number) in found.lines.iter().zip(from..) {
                assert_eq!(row.number, number);
                if number < LINES {
                    assert_eq!(text(row), line(number + 1));
                }
            }
            let before = page(&server, id, &format!("before={}&lines=7", from + 7)).await;
            let same = before
                .lines
                .iter()
                .zip(&found.lines)
                .all(|(one, other)| one == other);
            assert!(same && before.lines.len() == 7, "from {from}");
        }
        server.stop();
        server.start_again();
    }
    server
        .get(&format!("/api/v1/sessions/{id}/history?before=1&after=1"))
        .await
        .problem(400);
}

#[tokio::test]
async fn text_is_found_newest_first_across_the_whole_session() {
    let server = Setup::new().start();
    let id = long(&server).await;
    let one = search(&server, id, "q=LINE%20123456").await;
    assert!(one.matches.is_empty(), "capitals count");
    let one = search(&server, id, "q=line%20123456").await;
    let part = one.matches[0].parts[0];
    assert_eq!(
        (one.matches.len(), part.line, part.start, part.end),
        (1, 123_455, 0, 11)
    );
    let row = page(&server, id, &format!("after={}&lines=1", part.line)).await;
    assert!(text(&row.lines[0]).contains("line 123456"));
    // 000 at the end of a number: every thousandth line.
    let mut before = u64::MAX;
    let mut found = Vec::new();
    loop {
        let some = search(&server, id, &format!("q=000%20of&limit=64&before={before}")).await;
        found.extend(some.matches.iter().map(|found| found.parts[0].line));
        match some.next_before {
            Some(next) => before = next,
            None => break,
        }
    }
    let expected: Vec<_> = (1..=LINES / 1000).rev().map(|n| n * 1000 - 1).collect();
    assert_eq!(found, expected);
    server
        .get(&format!("/api/v1/sessions/{id}/history/search?q="))
        .await
        .problem(400);
}

#[tokio::test]
async fn rows_have_their_styles_and_wraps_and_the_alternate_screen_is_none() {
    let server = Setup::new().start();
    let script = "printf 'plain \\033[1;31mred\\033[m \\033]8;;http://x/\\033\\\\link\\033]8;;\\033\\\\\\n'; \
                  printf '%0100d end\\n' 7; \
                  printf '\\033[?1049h\\033[2J\\033[Hsecret full screen\\033[?1049l'; printf over; cat";
    let id = server.script(script).await;
    server.attach(id, "").await.until_output("over").await;
    let page = page(&server, id, "lines=1000").await;
    let styled = &page.lines[0];
    assert_eq!(text(styled), "plain red link");
    let red = styled.runs.iter().find(|run| run.text == "red").unwrap();
    assert!(red.style.bold && red.style.foreground == Some(RunColour::Indexed(1)));
    let link = styled.runs.iter().find(|run| run.text == "link").unwrap();
    assert_eq!(link.link.as_deref(), Some("http://x/"));
    assert_eq!((page.lines[1].wrapped, page.lines[2].wrapped), (false, true));
    let found = search(&server, id, "q=07%20end").await;
    assert_eq!(found.matches[0].parts.len(), 1);
    let wrapped = search(&server, id, &format!("q={}7", "0".repeat(30))).await;
    assert_eq!(wrapped.matches[0].parts.len(), 2, "it wraps: {wrapped:?}");
    assert!(search(&server, id, "q=secret").await.matches.is_empty());
}

#[tokio::test]
async fn a_session_that_was_resized_has_all_its_lines() {
    let server = Setup::new().start();
    let id = server.create(json!({ "shell": "sh" })).await;
    let mut viewer = server.attach_screen(id, "").await;
    // The last part drives all of it out of the live screen's memory.
    for (cols, from, to) in [(80, 0, 1_200), (30, 1_200, 2_400), (120, 2_400, 12_000)] {
        let resize = sempre_protocol::texts::ClientText::Resize { cols, rows: 24 };
        viewer.say(&resize).await;
        viewer
            .run(&format!(
                "seq -f 'number %06.0f and some text to be wrapped' {} {}",
                from + 1,
                to
            ))
            .await;
    }
    let mut text_of_all = String::new();
    let mut next = 0;
    loop {
        let found = page(&server, id, &format!("after={next}&lines=1000")).await;
        let Some(last) = found.lines.last() else { break };
        assert!(found.lines[0].number >= next, "rows come in order");
        next = last.number + 1;
        for line in &found.lines {
            if !line.wrapped {
                text_of_all.push('\n');
            }
            text_of_all.push_str(&text(line));
        }
        if next >= found.end_line {
            break;
        }
    }
    // What is typed before the shell is ready is echoed before its prompt, which output then follows on the same line.
    let lines: HashSet<_> = text_of_all
        .lines()
        .map(|line| line.trim_start_matches(['#', '$', ' ']))
        .collect();
    let missing: Vec<_> = (1..=12_000)
        .filter(|n| !lines.contains(format!("number {n:06} and some text to be wrapped").as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "{} are missing: {:?}",
        missing.len(),
        &missing[..missing.len().min(5)]
    );
}
