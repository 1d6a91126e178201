//! No answer to a program holds what the program chose: it would be typed into the shell that reads it next.

use serde_json::json;

use crate::harness::Setup;

/// Questions whose answers, in some terminals, repeat what was set before.
const QUESTIONS: [&str; 7] = [
    // The title, the icon's name, and their stack.
    r"\033]2;touch pwned\r\007\033[21t",
    r"\033]1;touch pwned\r\007\033[20t",
    // DECRQSS of something that is none, font, answerback.
    r"\033P$qtouch pwned\r\033\\",
    r"\033]50;touch pwned\r\007\033]50;?\007",
    r"\005",
    // Clipboard, and a colour that is none.
    r"\033]52;c;dG91Y2ggcHduZWQK\007\033]52;c;?\007",
    r"\033]4;0;touch pwned\r\007\033]4;touch pwned\r;?\007",
];

#[tokio::test]
async fn a_reply_repeats_nothing_and_holds_no_line_end() {
    let server = Setup::new().start();
    for question in QUESTIONS {
        // Whatever is answered comes before the answer to a question that has one: where the cursor is.
        let script = format!(
            "stty raw -echo; printf '{question}\\033[6n'; IFS= read -r -d R said; printf '<%q>' \"$said\"; cat"
        );
        let id = server.create(json!({ "cmd": ["bash", "-c", script] })).await;
        let mut viewer = server.attach(id, "").await;
        viewer
            .until("the answer", |viewer| viewer.output.ends_with(b">"))
            .await;
        let shown = String::from_utf8_lossy(&viewer.output).into_owned();
        let (_, said) = shown.rsplit_once('<').unwrap();
        assert!(said.contains("\\E["), "{question}: {said}");
        for chosen in ["touch", "pwned", "\\r", "\\n", "\\a"] {
            assert!(!said.contains(chosen), "{question}: {said}");
        }
    }
    assert!(!server.home().join("pwned").exists());
}
