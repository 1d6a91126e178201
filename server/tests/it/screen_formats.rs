//! The screen as text, ANSI, HTML and JSON, and output as text, for programs (rows P3, T8).

use sempre_protocol::programs::ScreenPage;
use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, SCROLLBACK_LINES, Screen as _};
use serde_json::json;

use crate::harness::{Setup, eventually};

#[tokio::test]
async fn p3_the_screen_comes_in_four_formats_at_one_offset() {
    let server = Setup::new().start();
    let script = "for n in 1 2 3 4 5 6; do echo line $n; done; \
                  printf '\\033]2;<title>\\007\\033[1;31m<b>\"red\\033[m \\033]8;;https://a.test/?a=1&b=2\\007link\\033]8;;\\007 \
                  \\033]8;;javascript:x\\007dead\\033]8;;\\007'; cat";
    let id = server
        .create(json!({ "cmd": ["sh", "-c", script], "rows": 4, "cols": 40 }))
        .await;
    let path = format!("/api/v1/sessions/{id}/screen");
    let done = || async {
        let text = server.get(&path).await.text();
        text.contains("dead").then_some(text)
    };
    let text = eventually("the screen", done).await;
    assert_eq!(text, "line 4\nline 5\nline 6\n<b>\"red link dead\n");
    let above = server.get(&format!("{path}?lines=2")).await;
    assert!(above.text().starts_with("line 2\nline 3\n"), "{}", above.text());
    assert_eq!(
        (above.header("sempre-cols"), above.header("sempre-rows")),
        (Some("40"), Some("4"))
    );

    let page: ScreenPage = server.get(&format!("{path}?format=json&lines=1")).await.json();
    assert_eq!(
        (page.cols, page.rows, page.above, page.lines.len()),
        (40, 4, 1, 5)
    );
    assert_eq!(
        (page.cursor.col, page.cursor.row, page.cursor.visible),
        (17, 3, true)
    );
    assert_eq!(page.title.as_deref(), Some("<title>"));
    assert_eq!(page.offset, server.info(id).await.offset);
    assert!(page.lines[4].runs[0].style.bold, "{:?}", page.lines[4]);

    let ansi = server.get(&format!("{path}?format=ansi")).await;
    let mut shown = Engine::new(Size::new(40, 4), SCROLLBACK_LINES, Offset(0));
    shown.feed(&ansi.body);
    let rows: Vec<_> = shown
        .screen_lines()
        .iter()
        .map(sempre_screen::Line::text)
        .collect();
    assert_eq!(rows.join("\n") + "\n", text);

    let html = server.get(&format!("{path}?format=html")).await;
    assert!(
        html.header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'none'")
    );
    let html = html.text();
    assert!(
        html.contains("aria-label=\"&lt;title&gt;\"") && html.contains("&lt;b&gt;&quot;red"),
        "{html}"
    );
    assert!(
        html.contains("href=\"https://a.test/?a=1&amp;b=2\"") && !html.contains("javascript"),
        "{html}"
    );
    assert_eq!(
        server.get(&format!("{path}?format=pdf")).await.problem(400).code,
        "bad_query"
    );
}

#[tokio::test]
async fn a_full_screen_program_is_shown_alone() {
    let server = Setup::new().start();
    let id = server
        .script("echo before; printf '\\033[?1049h\\033[2;3Hfull\\033[?25l'; cat")
        .await;
    let path = format!("/api/v1/sessions/{id}/screen?format=json&lines=10");
    let full = || async {
        let page: ScreenPage = server.get(&path).await.json();
        page.alternate.then_some(page)
    };
    let page = eventually("the alternate screen", full).await;
    assert_eq!(
        (page.above, page.lines.len(), page.cursor.visible),
        (0, 24, false)
    );
    assert_eq!(page.lines[1].runs[0].text.trim(), "full");
}

#[tokio::test]
async fn t8_output_comes_as_text() {
    let server = Setup::new().start();
    let id = server
        .script("printf '\\033[1mbold\\033[m\\r\\n10%%\\r20%%\\r\\nend\\n'")
        .await;
    let info = server.ended(id).await;
    let answer = server
        .get(&format!("/api/v1/sessions/{id}/output?format=text"))
        .await;
    assert_eq!(answer.text(), "bold\n10%\n20%\nend\n");
    assert_eq!(answer.header("sempre-to"), Some(info.offset.to_string().as_str()));
}
