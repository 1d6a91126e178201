//! The judge's process: Node with crates/screen/oracle/oracle.mjs, asked by lines of JSON.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A running judge; ends with this value.
pub(crate) struct Oracle {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// Where the judge's programs are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle")
}

impl Oracle {
    /// Starts one.
    pub(crate) fn start() -> Self {
        let folder = folder();
        assert!(
            folder.join("node_modules").is_dir(),
            "the judge is not installed; run: npm ci --prefix crates/screen/oracle"
        );
        let mut child = Command::new("node")
            .arg("oracle.mjs")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`node` (20 or newer) must be on PATH");
        let input = child.stdin.take().expect("stdin is piped");
        let output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self { child, input, output }
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, verb: &str, request: Value) -> T {
        let mut line = json!({ verb: request }).to_string();
        line.push('\n');
        self.input.write_all(line.as_bytes()).expect("the judge reads");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("the judge answers");
        let mut answer: Value = serde_json::from_str(&answer).expect("the judge ended");
        assert!(answer["error"].is_null(), "the judge failed: {}", answer["error"]);
        serde_json::from_value(answer["ok"].take()).expect("an answer of this kind")
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        // It holds nothing, so that it may as well be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
